import { createEngine, engine } from '@sock/native'
import type { Certificate } from '@sock/tools/certificate'
import { isStream, STREAMS, TRANSPORTS, type TransportName } from '@sock/tools/transports'
import type { RowPlan } from '../rows.js'
import { isFramed, type Report, type Workload, type WorkloadName } from '../workload.js'
import type { FramedServer } from './framed.js'
import { startCallbacks, startForAwait, startStreams } from './ours.js'
import { startBun, startFloor, type Peers } from './peers.js'
import { startRaw } from './raw.js'
import { startHaproxy, startPipes, startRelay } from './relays.js'

/** The name of the subject that all others are compared with. */
export const CONTROL = 'raw'

/** A kind of server to measure. */
export interface Subject {
  readonly name: string
  readonly about: string
  readonly transports: readonly TransportName[]
  readonly workloads: readonly WorkloadName[]
  /** Whether it is measured only with its name or `all` in `--subjects`. */
  readonly isExtra?: boolean
  /** Whether it serves in a program that is not Node: then it tells nothing of its memory, and does not drain. */
  readonly isPeer?: boolean
  start(setup: Setup): Promise<Running>
}

export interface Setup {
  readonly transport: TransportName
  /** The path to listen on. Transports without paths use a free port of 127.0.0.1. */
  readonly path: string
  readonly certificate: Certificate
  readonly workload: Workload
  readonly peers: Peers
  /** Whether the server will be drained: then a raw one must keep a list of its connections. */
  readonly isDrained: boolean
}

/** The address of a server under test. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string }

export interface Running {
  readonly place: Place
  /** The process that serves. Default: this one. */
  readonly pid?: number | undefined
  /** What the server has counted since the last report. Default: what the workload has. */
  readonly report?: () => Promise<Report>
  /** Stops listening, ends every connection, and waits until all are closed. */
  drain(): Promise<void>
}

const BYTES: readonly WorkloadName[] = ['echo', 'sink']
/** Proxies. */
const relays = { transports: ['tcp'], workloads: ['relay'] } as const
const everywhere = { transports: TRANSPORTS, workloads: [...BYTES, 'lines', 'frames'] } as const
const withoutTls = TRANSPORTS.filter((transport) => transport !== 'tls')
const peer = { workloads: BYTES, isExtra: true, isPeer: true } as const
/** Available on Linux, with a compiler for the addon. */
const native = {
  ...everywhere,
  transports: engine.available ? withoutTls : [],
  isExtra: true,
} as const
const reusing = (): typeof engine => createEngine({ reuseChunks: true })
/** Libraries that cut a stream of Node. */
const lines = { transports: ['tcp'], workloads: ['lines'], isExtra: true } as const
const frames = { transports: ['tcp'], workloads: ['frames'], isExtra: true } as const

/** Only these servers load such libraries: the memory of the others is measured. */
const framed =
  (name: FramedServer): Subject['start'] =>
  async (setup) =>
    (await import('./framed.js')).startFramed(name, setup)

/** Another engine, or another library, is one more entry. */
export const subjects: readonly Subject[] = [
  {
    ...everywhere,
    workloads: [...everywhere.workloads, 'relay'],
    name: CONTROL,
    about: 'node:net, node:tls, node:dgram, unix-dgram; lines and frames are cut by hand',
    start(setup) {
      const { name } = setup.workload
      if (name === 'relay') return startPipes(setup)
      return isFramed(name) ? framed(name)(setup) : startRaw(setup)
    },
  },
  { ...everywhere, name: 'callbacks', about: '@sock/* with callbacks', start: startCallbacks },
  { ...everywhere, name: 'for-await', about: '@sock/* with `for await`', start: startForAwait },
  {
    name: 'stream',
    about: '@sock/* with `connection.stream`',
    transports: STREAMS,
    workloads: BYTES,
    start: startStreams,
  },
  {
    ...relays,
    name: 'relay',
    about: 'relay() of @sock/core, @sock/tcp',
    start: (setup) => startRelay(setup),
  },
  {
    ...native,
    name: 'native-callbacks',
    about: '@sock/* with callbacks, over the engine of @sock/native',
    start: (setup) => startCallbacks(setup, engine),
  },
  {
    ...native,
    name: 'native-for-await',
    about: '@sock/* with `for await`, over the engine of @sock/native',
    start: (setup) => startForAwait(setup, engine),
  },
  {
    ...native,
    name: 'reuse-callbacks',
    about: 'the same with createEngine({ reuseChunks: true })',
    transports: native.transports.filter((transport) => isStream(transport)),
    start: (setup) => startCallbacks(setup, reusing()),
  },
  {
    ...native,
    name: 'native-relay',
    about: 'relay() over the engine of @sock/native, with reuseChunks',
    transports: native.transports.filter((transport) => transport === 'tcp'),
    workloads: ['relay'],
    start: (setup) => startRelay(setup, reusing()),
  },
  {
    ...relays,
    name: 'haproxy',
    about: 'HAProxy in TCP mode with one thread, where it is installed',
    isExtra: true,
    isPeer: true,
    start: startHaproxy,
  },
  {
    ...peer,
    name: 'bun',
    about: "Bun's own sockets; with --bun",
    transports: ['tcp', 'unix', 'udp'],
    start: startBun,
  },
  {
    ...peer,
    name: 'floor',
    about: 'a small server in C: epoll and recvmmsg',
    transports: withoutTls,
    start: startFloor,
  },
  { ...lines, name: 'split2', about: 'split2 over node:net', start: framed('split2') },
  { ...lines, name: 'readline', about: 'node:readline over node:net', start: framed('readline') },
  {
    ...lines,
    name: 'split2-for-await',
    about: 'split2, read with `for await`',
    start: framed('split2ForAwait'),
  },
  {
    ...lines,
    name: 'readline-for-await',
    about: 'node:readline, read with `for await`',
    start: framed('readlineForAwait'),
  },
  {
    ...frames,
    name: 'it-lp',
    about: 'it-length-prefixed over node:net, with `for await`',
    start: framed('itLengthPrefixed'),
  },
]

/** Returns those that a row can have. */
export function subjectsOf({ transport, scenario }: RowPlan): readonly Subject[] {
  const { workload = 'echo', isFresh = false } = scenario
  return subjects.filter(
    ({ transports, workloads, isPeer = false }) =>
      transports.includes(transport) && workloads.includes(workload) && !(isPeer && isFresh),
  )
}
