import { createEngine, engine } from '@sock/native'
import type { Certificate } from '@sock/tools/certificate'
import { isStream, STREAMS, TRANSPORTS, type TransportName } from '@sock/tools/transports'
import { isFramed, type Report, type Workload, type WorkloadName } from '../workload.js'
import { startCallbacks, startForAwait, startStreams } from './ours.js'
import { startBun, startFloor, type Programs } from './peers.js'
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
  /** The program without which it is left out. */
  readonly needs?: keyof Programs
  readonly start: (setup: Setup) => Promise<Running>
}

export interface Setup {
  readonly transport: TransportName
  /** The path to listen on. Transports without paths use a free port of 127.0.0.1. */
  readonly path: string
  readonly certificate: Certificate
  readonly workload: Workload
  readonly programs: Programs
}

export interface IpPlace {
  readonly host: string
  readonly port: number
}

/** The address of a server under test. */
export type Place = IpPlace | { readonly path: string }

export interface Running {
  readonly place: Place
  /** The process that serves. Default: this one. */
  readonly pid?: number | undefined
  /** What the server has counted since the last report. Default: what the workload has. */
  readonly report?: () => Promise<Report>
  /** Stops listening, ends every connection, and waits until all are closed. Only for the workload `drain`. */
  readonly drain?: () => Promise<void>
}

const withoutTls = TRANSPORTS.filter((transport) => transport !== 'tls')
const inNode = ['echo', 'idle', 'drain', 'sink'] as const
const everywhere = { transports: TRANSPORTS, workloads: [...inNode, 'lines', 'frames'] } as const
const native = { ...everywhere, transports: withoutTls, isExtra: true }
const reusing = (): typeof engine => createEngine({ reuseChunks: true })
/** Servers outside Node tell nothing of their memory, and do not drain. */
const peer = { transports: withoutTls, workloads: ['echo', 'sink'], isExtra: true } as const
/** Proxies. */
const relay = { transports: ['tcp'], workloads: ['relay'] } as const
/** Libraries that cut a stream of Node into lines. */
const LIBRARIES = {
  split2: 'split2 over node:net',
  readline: 'node:readline over node:net',
  'split2-for-await': 'split2, read with `for await`',
  'readline-for-await': 'node:readline, read with `for await`',
}
const library = { transports: ['tcp'], workloads: ['lines'], isExtra: true } as const

/** Only these servers load such libraries: the memory of the others is measured. */
const framed = (name: string) => async (setup: Setup) =>
  (await import('./framed.js')).startFramed(name, setup)

function startControl(setup: Setup): Promise<Running> {
  const { name } = setup.workload
  if (name === 'relay') return startPipes(setup)
  return isFramed(name) ? framed(name)(setup) : startRaw(setup)
}

/** Another engine, or another library, is one more entry. */
export const subjects: readonly Subject[] = [
  {
    name: CONTROL,
    about: 'node:net, node:tls, node:dgram, unix-dgram; lines and frames are cut by hand',
    transports: TRANSPORTS,
    workloads: [...everywhere.workloads, 'relay'],
    start: startControl,
  },
  { ...everywhere, name: 'callbacks', about: '@sock/* with callbacks', start: startCallbacks },
  { ...everywhere, name: 'for-await', about: '@sock/* with `for await`', start: startForAwait },
  {
    name: 'stream',
    about: '@sock/* with `connection.stream`',
    transports: STREAMS,
    workloads: inNode,
    start: startStreams,
  },
  { ...relay, name: 'relay', about: 'relay() of @sock/core, @sock/tcp', start: (setup) => startRelay(setup) },
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
    transports: withoutTls.filter((transport) => isStream(transport)),
    start: (setup) => startCallbacks(setup, reusing()),
  },
  {
    ...relay,
    name: 'native-relay',
    about: 'relay() over the engine of @sock/native, with reuseChunks',
    isExtra: true,
    start: (setup) => startRelay(setup, reusing()),
  },
  {
    ...relay,
    name: 'haproxy',
    about: 'HAProxy in TCP mode with one thread, where it is installed',
    isExtra: true,
    needs: 'haproxy',
    start: startHaproxy,
  },
  {
    ...peer,
    name: 'bun',
    about: "Bun's own sockets; with --bun",
    transports: ['tcp', 'unix', 'udp'],
    needs: 'bun',
    start: startBun,
  },
  { ...peer, name: 'floor', about: 'a small server in C: epoll and recvmmsg', start: startFloor },
  ...Object.entries(LIBRARIES).map(([name, about]) => ({ ...library, name, about, start: framed(name) })),
  {
    ...library,
    name: 'it-lp',
    about: 'it-length-prefixed over node:net, with `for await`',
    workloads: ['frames'],
    start: framed('it-lp'),
  },
]
