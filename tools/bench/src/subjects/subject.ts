import type { Certificate } from '@sock/tools/certificate'
import { STREAMS, TRANSPORTS, type TransportName } from '@sock/tools/transports'
import { nativeEngine } from '../modules.js'
import type { Workload, WorkloadName } from '../workloads/workload.js'
import { framedSubjects } from './framed.js'
import { startCallbacks, startForAwait, startStreams } from './ours.js'
import { startRaw } from './raw.js'

/** The name of the subject that all others are compared with. */
export const CONTROL = 'raw'

/** A kind of server to measure. */
export interface Subject {
  readonly name: string
  readonly about: string
  readonly transports: readonly TransportName[]
  /** Whether it is measured only with its name or `all` in `--subjects`. */
  readonly isExtra?: boolean
  start(setup: Setup): Promise<Running>
}

export interface Setup {
  readonly transport: TransportName
  /** The path to listen on. Transports without paths use a free port of 127.0.0.1. */
  readonly path: string
  readonly certificate: Certificate
  readonly workload: Workload
  /** Whether the server will be drained: then a raw one must keep a list of its connections. */
  readonly isDrained: boolean
}

/** The address of a server under test. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string }

export interface Running {
  readonly place: Place
  /** Stops listening, ends every connection, and waits until all are closed. */
  drain(): Promise<void>
}

const withoutTls = TRANSPORTS.filter((transport) => transport !== 'tls')

/** Available on Linux, with a compiler for the addon. */
const native: readonly Subject[] = [
  {
    name: 'native-callbacks',
    about: '@sock/* with callbacks, over the engine of @sock/native',
    transports: withoutTls,
    isExtra: true,
    start: (setup) => startCallbacks(setup, nativeEngine),
  },
  {
    name: 'native-for-await',
    about: '@sock/* with `for await`, over the engine of @sock/native',
    transports: withoutTls,
    isExtra: true,
    start: (setup) => startForAwait(setup, nativeEngine),
  },
]

/** Another engine, or another library, is one more entry. */
const channelSubjects: readonly Subject[] = [
  {
    name: CONTROL,
    about: 'node:net, node:tls, node:dgram, unix-dgram',
    transports: TRANSPORTS,
    start: startRaw,
  },
  { name: 'callbacks', about: '@sock/* with callbacks', transports: TRANSPORTS, start: startCallbacks },
  { name: 'for-await', about: '@sock/* with `for await`', transports: TRANSPORTS, start: startForAwait },
  { name: 'stream', about: '@sock/* with `connection.stream`', transports: STREAMS, start: startStreams },
  ...(nativeEngine === undefined ? [] : native),
]

/** Those that a row can have: where a stream is cut into messages, they are others. */
export function subjectsOf(workload: WorkloadName, transport: TransportName): readonly Subject[] {
  const all =
    workload === 'lines' || workload === 'frames'
      ? framedSubjects.filter(({ framings }) => framings.includes(workload))
      : channelSubjects
  return all.filter(({ transports }) => transports.includes(transport))
}

/** All there are, each name once. */
export const subjects: readonly Subject[] = [
  ...channelSubjects,
  ...framedSubjects.filter(({ name }) => !channelSubjects.some((subject) => subject.name === name)),
]
