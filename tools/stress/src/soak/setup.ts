import { readdirSync } from 'node:fs'
import { getHeapSpaceStatistics } from 'node:v8'
import type { Address } from '@sock/core'
import type { Certificate } from '@sock/tools/certificate'
import type { TransportName } from '@sock/tools/transports'
import type { ServerSpec } from '../world/acts.js'
import type { DatagramAccount } from '../world/datagrams.js'
import type { Form } from '../world/handlers.js'
import type { Account } from '../world/ledger.js'
import type { EngineName } from '../world/means.js'

/** The processes beside the one that judges: the servers, clients that behave, and clients that do not. */
export const ROLES = ['server', 'polite', 'rude'] as const
export type Role = (typeof ROLES)[number]

/** Mistakes that a run can be told to make, to see that the verdict finds them. */
export const BROKEN = ['descriptors', 'heap', 'byte', 'datagram', 'order'] as const

export interface Setup {
  readonly role: Role
  readonly seed: number
  readonly only: readonly TransportName[]
  readonly folder: string
  readonly engine: EngineName
  /** One in use, and one to change to. */
  readonly certificates: readonly [Certificate, Certificate]
  readonly broken?: (typeof BROKEN)[number]
}

/** A server, and where it is: it comes back there when it is started again. */
export interface Placed {
  readonly spec: ServerSpec
  readonly address: Address
}

/** What a process has to say after a round. */
export interface Report {
  readonly accounts: readonly Account[]
  readonly datagrams: readonly DatagramAccount[]
  readonly faults: readonly string[]
  readonly sample: Sample
}

/** Two forms of handlers for each transport. */
const FORMS: Readonly<Record<TransportName, readonly Form[]>> = {
  tcp: ['callbacks', 'pipeline'],
  tls: ['function', 'iteration'],
  unix: ['reader', 'few callbacks'],
  udp: ['callbacks', 'function'],
  unixgram: ['reader', 'callbacks'],
}

/** Longer than clients that behave are silent, and few enough connections for a crowd to hit the limit. */
const LIMITS = { highWaterMark: 65_536, maxConnections: 150, idleTimeout: 4_000 }

export const specsOf = (only: readonly TransportName[]): ServerSpec[] =>
  only.flatMap((transport) => FORMS[transport].map((form) => ({ transport, form, ...LIMITS })))

export type Sample = ReturnType<typeof takeSample>

/** What a process holds when all is quiet. It must have been started with --expose-gc. */
export function takeSample() {
  // Twice: what the first run finalizes, the second collects.
  globalThis.gc?.()
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return {
    /** Open descriptors; `undefined` where the system does not tell. */
    descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : undefined,
    /** In bytes, without the part where V8 puts what is new: that is up to 48 MiB, however long a process runs. */
    rss: rss - (young?.physical_space_size ?? 0),
    /** In bytes; buffers outside of the heap included. */
    heap: heapUsed + external,
  }
}
