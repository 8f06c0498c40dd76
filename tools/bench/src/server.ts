// A server under test: a child process that does what its parent orders.
import type { Certificate } from '@sock/tools/certificate'
import { serveParent } from '@sock/tools/children'
import type { TransportName } from '@sock/tools/transports'
import { getHeapSpaceStatistics } from 'node:v8'
import { subjectsOf, type Place, type Running, type Subject } from './subjects/subject.js'
import { createWorkload, type Report, type Workload, type WorkloadName } from './workloads/workload.js'

/** Which server to start. */
export interface ServerOrder {
  readonly subject: string
  /** A module that exports further `subjects`. */
  readonly module?: string | undefined
  readonly transport: TransportName
  readonly path: string
  readonly certificate: Certificate
  readonly workload: WorkloadName
  readonly isDrained: boolean
}

/** Sizes in bytes. */
export interface Memory {
  readonly rss: number
  readonly heap: number
  /** The part of RSS for V8's new space. It grows with the garbage of the last seconds, up to 48 MiB. */
  readonly nursery: number
}

let running: Running
let workload: Workload

export type ServerCommands = typeof commands

const commands = {
  async start(order: ServerOrder): Promise<Place> {
    workload = createWorkload(order.workload, order.transport)
    const more = order.module === undefined ? [] : ((await import(order.module)) as Module).subjects
    const subject = [...subjectsOf(order.workload, order.transport), ...more].find(
      ({ name, transports }) => name === order.subject && transports.includes(order.transport),
    )
    if (subject === undefined) throw new Error(`there is no subject ${order.subject} for ${order.transport}`)
    running = await subject.start({ ...order, workload })
    return running.place
  },

  async report(): Promise<Report> {
    return workload.report()
  },

  /** Measures after two collections, so that objects with finalizers are gone, too. */
  async memory(): Promise<Memory> {
    globalThis.gc?.()
    globalThis.gc?.()
    const { rss, heapUsed } = process.memoryUsage()
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    return { rss, heap: heapUsed, nursery: space?.physical_space_size ?? 0 }
  },

  /** @returns ms */
  async drain(): Promise<number> {
    const since = performance.now()
    await running.drain()
    return performance.now() - since
  },
}

interface Module {
  readonly subjects: readonly Subject[]
}

serveParent(commands)
