import { isSockError, type Address, type ShutdownReport } from '@sock/core'
import type { Certificate } from './certificates.js'
import { createServerOf as createDatagramServer } from './datagram-server.js'
import type { SocketEngine } from './engines.js'
import type { Check, ServerRecord, Tally } from './messages.js'
import { createServerOf as createStreamServer } from './stream-server.js'
import { isStream, type DatagramName, type StreamName, type TransportName } from './transports.js'
import { createWatch } from './watch.js'

/** What servers tell while they run. */
export interface Reporter {
  record(record: ServerRecord): void
  finding(check: Check, text: string): void
  /** How often each event is seen: more than once is a mistake. */
  readonly eventsSeen: number
}

/** One server, its numbers, and what it can be made to do. */
export interface Served {
  readonly name: TransportName
  /** Where it listens. */
  readonly address: Address | undefined
  /** Whether anything is open, or on its way. */
  readonly isBusy: boolean
  listen(target: string): Promise<Address>
  /** Shuts down in the given time, in ms, and counts what the report says. */
  shutdown(timeout: number): Promise<void>
  /** Uses this certificate from now on; with another's key, makes sure that it is refused. */
  readonly rotate?: (certificate: Certificate, wrongKey: string) => void
  tally(): Tally
}

/** What servers are made with. */
export interface ServerMeans {
  readonly certificate: Certificate
  readonly engine: SocketEngine
}

export function createServed(name: TransportName, reporter: Reporter, means: ServerMeans): Served {
  return isStream(name)
    ? createStreamServed(name, reporter, means)
    : createDatagramServed(name, reporter, means)
}

function createStreamServed(
  name: StreamName,
  reporter: Reporter,
  { certificate, engine }: ServerMeans,
): Served {
  let thrown = 0
  let count = 0
  let members = 0
  let deadline = Infinity
  const report = { idle: 0, drained: 0, forced: 0 }
  const server = createStreamServer(
    {
      name,
      isDraining: () => server.state === 'draining',
      isForcing: () => performance.now() >= deadline,
      thrown: () => (thrown += 1),
      report: (record) => reporter.record(record),
      garbled: (text) => reporter.finding('content', text),
    },
    certificate,
    engine,
  )
  const watch = createWatch((text) => reporter.finding('order', `${name}: ${text}`))
  server.on('connection', (event) => {
    for (let seen = 0; seen < reporter.eventsSeen; seen += 1) watch.see(event, server.openConnections)
    if (event.state === 'new' && server.state === 'draining') members += 1
  })
  server.on('state', (state) => {
    if (state !== 'draining') return
    count += 1
    members += server.openConnections
  })
  return {
    name,
    get isBusy() {
      const { open, handshaking } = server.stats()
      return open + handshaking > 0
    },
    get address() {
      return server.address
    },
    listen: (target) => {
      deadline = Infinity
      return server.listen(target)
    },
    shutdown: async (timeout) => {
      deadline = performance.now() + timeout
      const { idle, drained, forced } = await reportOf(server.shutdown({ timeout }))
      report.idle += idle
      report.drained += drained
      report.forced += forced
    },
    ...('setSecureContext' in server && name === 'tls'
      ? { rotate: (next: Certificate, wrongKey: string) => rotate(server, next, wrongKey, reporter) }
      : {}),
    tally: () => ({
      kind: 'stream',
      transport: name,
      stats: server.stats(),
      opened: watch.opened,
      closed: watch.closed,
      reasons: watch.reasons,
      thrown,
      shutdowns: { count, members, report },
    }),
  }
}

interface Rotatable {
  setSecureContext(options: Certificate): void
}

function rotate(server: Rotatable, next: Certificate, wrongKey: string, reporter: Reporter): void {
  server.setSecureContext({ key: next.key, cert: next.cert })
  try {
    server.setSecureContext({ key: wrongKey, cert: next.cert })
    reporter.finding('restarts', 'tls: a certificate was taken with a key that does not fit')
  } catch {
    // As it should be: the next handshakes show that the one before is still in use.
  }
}

function createDatagramServed(name: DatagramName, reporter: Reporter, { engine }: ServerMeans): Served {
  let handled = 0
  let replied = 0
  let refused = 0
  let thrown = 0
  let shutdowns = 0
  const server = createDatagramServer(
    {
      name,
      handled: () => (handled += 1),
      replied: (isSent) => (isSent ? (replied += 1) : (refused += 1)),
      thrown: () => (thrown += 1),
      report: (record) => reporter.record(record),
    },
    engine,
  )
  const watch = createWatch((text) => reporter.finding('order', `${name}: ${text}`))
  server.on('connection', (event) => watch.see(event, server.openConnections))
  return {
    name,
    get isBusy() {
      return server.stats().sendQueueBytes > 0
    },
    get address() {
      return server.address
    },
    listen: (target) => server.listen(target),
    shutdown: async (timeout) => {
      await reportOf(server.shutdown({ timeout }))
      shutdowns += 1
    },
    tally: () => ({
      kind: 'datagram',
      transport: name,
      stats: server.stats(),
      handled,
      replied,
      refused,
      thrown,
      shutdowns,
    }),
  }
}

/** A shutdown that had to force something rejects, with the report on its error. */
async function reportOf(shutdown: Promise<ShutdownReport>): Promise<ShutdownReport> {
  try {
    return await shutdown
  } catch (error) {
    if (isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT') && error.report !== undefined) return error.report
    throw error
  }
}
