// A server under test, in a process of its own: `node server.js`, told by messages what to do.
import { Session } from 'node:inspector/promises'
import { writeFile } from 'node:fs/promises'
import { getHeapSpaceStatistics } from 'node:v8'
import { serveParent } from './child.js'
import { subjects } from './subjects/subjects.js'
import type { Running, Subject } from './subjects/subject.js'
import type { Certificate, Place, Transport } from './transports.js'
import { createWorkload, type Report, type Workload, type WorkloadName } from './workloads/workload.js'

/** What to serve. */
export interface ServerOrder {
  readonly subject: string
  /** A module that exports more subjects, as `subjects`. */
  readonly module?: string | undefined
  readonly transport: Transport
  readonly path: string
  readonly certificate: Certificate
  readonly workload: WorkloadName
  readonly isDrained: boolean
}

/** In bytes. */
export interface Memory {
  readonly rss: number
  readonly heap: number
  /** The part of RSS where V8 puts what is new: as large as the garbage of the last seconds made it, 48 MiB at most. */
  readonly nursery: number
}

let running: Running
let workload: Workload
let profiler: Session | undefined

export type ServerCommands = typeof commands

const commands = {
  async start(order: ServerOrder): Promise<Place> {
    workload = createWorkload(order.workload, order.transport)
    const known = await knownSubjects(order.module)
    const subject = known.find(
      ({ name, transports }) => name === order.subject && transports.includes(order.transport),
    )
    if (subject === undefined) throw new Error(`there is no subject ${order.subject} for ${order.transport}`)
    running = await subject.start({ ...order, workload })
    return running.place
  },

  async report(): Promise<Report> {
    return workload.report()
  },

  /** After two collections: what finalizers let go is gone then, too. */
  async memory(): Promise<Memory> {
    globalThis.gc?.()
    globalThis.gc?.()
    const { rss, heapUsed } = process.memoryUsage()
    return { rss, heap: heapUsed, nursery: nurseryBytes() }
  },

  /** @returns ms */
  async drain(): Promise<number> {
    const since = performance.now()
    await running.drain()
    return performance.now() - since
  },

  async startProfile(): Promise<void> {
    profiler = new Session()
    profiler.connect()
    await profiler.post('Profiler.enable')
    await profiler.post('Profiler.start')
  },

  async saveProfile(file: string): Promise<void> {
    if (profiler === undefined) return
    const { profile } = await profiler.post('Profiler.stop')
    profiler.disconnect()
    profiler = undefined
    await writeFile(file, JSON.stringify(profile))
  },
}

function nurseryBytes(): number {
  return (
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.physical_space_size ?? 0
  )
}

async function knownSubjects(module: string | undefined): Promise<readonly Subject[]> {
  if (module === undefined) return subjects
  const more = (await import(module)) as { subjects: readonly Subject[] }
  return [...subjects, ...more.subjects]
}

serveParent(commands)
