import { readdirSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'
import type { Address } from '@sock/core'
import type { Certificate } from '@sock/tools/certificate'
import type { TransportName } from '@sock/tools/transports'
import type { ServerSpec } from '../world/acts.js'
import type { Form } from '../world/handlers.js'
import type { EngineName } from '../world/means.js'

/** The child processes. */
export const ROLES = ['servers', 'clients'] as const
export type Role = (typeof ROLES)[number]

export interface Setup {
  readonly role: Role
  readonly seed: number
  readonly only: readonly TransportName[]
  readonly folder: string
  readonly engine: EngineName
  /** The certificate in use, and the next one. */
  readonly certificates: readonly [Certificate, Certificate]
}

/** A server and its address, which it keeps after a restart. */
export interface Placed {
  readonly spec: ServerSpec
  readonly address: Address
}

/** Two forms of handlers for each transport. */
const FORMS: Readonly<Record<TransportName, readonly Form[]>> = {
  tcp: ['callbacks', 'pipeline'],
  tls: ['function', 'iteration'],
  unix: ['reader', 'few callbacks'],
  udp: ['callbacks', 'function'],
  unixgram: ['reader', 'callbacks'],
}

/** Clients that are stopped are silent for a shorter time than these. A crowd exceeds `maxConnections`. */
const LIMITS = { highWaterMark: 65_536, maxConnections: 150, idleTimeout: 4_000 }

export const specsOf = (only: readonly TransportName[]): ServerSpec[] =>
  only.flatMap((transport) => FORMS[transport].map((form) => ({ transport, form, ...LIMITS })))

export type Sample = Awaited<ReturnType<typeof takeSample>>

/** The heap in bytes, with buffers outside of it. */
function heapSize(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Returns the resources of this process in a quiet time. It must run with --expose-gc. */
export async function takeSample() {
  // A collection finalizes objects, and the next one frees what they held: repeat it until nothing more is freed.
  let heap = heapSize()
  for (let before = Infinity; heap < before;) {
    before = heap
    globalThis.gc?.()
    await turn()
    heap = heapSize()
  }
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return {
    /** The number of open file descriptors; `undefined` if the system does not list them. */
    descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : undefined,
    /** RSS in bytes, without V8's new space, which is up to 48 MiB for the whole life of a process. */
    rss: process.memoryUsage.rss() - (young?.physical_space_size ?? 0),
    heap,
  }
}
