// A server under test: a child process that does what its parent orders.
import { serveParent } from '@sock/tools/children'
import { getHeapSpaceStatistics } from 'node:v8'
import { subjects, type Place, type Running, type Setup, type Subject } from './subjects/subject.js'
import { createWorkload, type Report, type WorkloadName } from './workload.js'

/** Which server to start. */
export interface ServerOrder extends Omit<Setup, 'workload'> {
  readonly subject: string
  /** A module that exports further `subjects`. */
  readonly module?: string | undefined
  readonly workload: WorkloadName
}

/** Where a server is, and which process serves. */
export interface Started {
  readonly place: Place
  readonly pid: number
}

/** Sizes in bytes. */
export interface Memory {
  readonly rss: number
  readonly heap: number
  /** The part of RSS for V8's new space. It grows with the garbage of the last seconds, up to 48 MiB. */
  readonly nursery: number
}

let running: Running
let report: () => Report | Promise<Report>

export type ServerCommands = typeof commands

const commands = {
  async start(order: ServerOrder): Promise<Started> {
    const { transport, module } = order
    const more = module === undefined ? [] : ((await import(module)) as { subjects: Subject[] }).subjects
    const subject = [...more, ...subjects].find(
      ({ name, transports }) => name === order.subject && transports.includes(transport),
    )
    const workload = createWorkload(order.workload, transport)
    running = await (subject as Subject).start({ ...order, workload })
    report = running.report ?? workload.report
    return { place: running.place, pid: running.pid ?? process.pid }
  },

  report: async (): Promise<Report> => report(),

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
    await running.drain?.()
    return performance.now() - since
  },
}

serveParent(commands)
