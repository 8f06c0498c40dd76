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

/** The child processes: servers, well-behaved clients, and misbehaving clients. */
export const ROLES = ['server', 'polite', 'rude'] as const
export type Role = (typeof ROLES)[number]

/** Intentional mistakes of `--broken`, which the verdict must find. */
export const BROKEN = ['descriptors', 'heap', 'byte', 'datagram', 'order'] as const

export interface Setup {
  readonly role: Role
  readonly seed: number
  readonly only: readonly TransportName[]
  readonly folder: string
  readonly engine: EngineName
  /** The certificate in use, and the next one. */
  readonly certificates: readonly [Certificate, Certificate]
  readonly broken?: (typeof BROKEN)[number]
}

/** A server and its address, which it keeps after a restart. */
export interface Placed {
  readonly spec: ServerSpec
  readonly address: Address
}

/** The report of a process after a round. */
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

/** Well-behaved clients are silent for a shorter time than these. A crowd exceeds `maxConnections`. */
const LIMITS = { highWaterMark: 65_536, maxConnections: 150, idleTimeout: 4_000 }

export const specsOf = (only: readonly TransportName[]): ServerSpec[] =>
  only.flatMap((transport) => FORMS[transport].map((form) => ({ transport, form, ...LIMITS })))

export type Sample = ReturnType<typeof takeSample>

/** Returns the resources of this process in a quiet time. It must run with --expose-gc. */
export function takeSample() {
  // Twice, because the second collection frees objects that the first has finalized.
  globalThis.gc?.()
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return {
    /** The number of open file descriptors; `undefined` if the system does not list them. */
    descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : undefined,
    /** RSS in bytes, without V8's new space, which is up to 48 MiB for the whole life of a process. */
    rss: rss - (young?.physical_space_size ?? 0),
    /** The heap in bytes, with buffers outside of it. */
    heap: heapUsed + external,
  }
}
