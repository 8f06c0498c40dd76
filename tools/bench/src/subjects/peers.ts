// Servers that do not run in Node.
import { run, succeed } from '@sock/tools/processes'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Report } from '../workload.js'
import type { Running, Setup } from './subject.js'

/** Paths of programs. */
export interface Programs {
  readonly floor: string
  readonly bun?: string | undefined
  readonly haproxy?: string | undefined
}

const source = (name: string): string => fileURLToPath(new URL(`../../peers/${name}`, import.meta.url))

/** Compiles the floor, and looks for HAProxy. @throws Error if there is no compiler */
export async function preparePrograms(folder: string, bun?: string): Promise<Programs> {
  const floor = join(folder, 'floor')
  await succeed(process.env['CC'] ?? 'cc', ['-O2', '-o', floor, source('floor.c')])
  const { code } = await run('haproxy', ['-v'])
  return { floor, bun, haproxy: code === 0 ? 'haproxy' : undefined }
}

export const startBun = (setup: Setup): Promise<Running> =>
  startPeer(setup, setup.programs.bun as string, [source('bun.mjs')])

export const startFloor = (setup: Setup): Promise<Running> => startPeer(setup, setup.programs.floor)

/** A peer prints its port, answers each byte of its input with a line of JSON, its report, and ends with its input. */
async function startPeer(
  { transport, path, workload }: Setup,
  program: string,
  args: readonly string[] = [],
): Promise<Running> {
  const child = spawn(program, [...args, transport, path, workload.name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child, 'spawn')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const read = async (): Promise<string> => {
    const { done, value } = await lines.next()
    if (done === true) throw new Error(`${program} has ended`)
    return value
  }
  const port = Number(await read())
  return {
    place: port === 0 ? { path } : { host: '127.0.0.1', port },
    pid: child.pid,
    async report() {
      child.stdin.write('\n')
      return JSON.parse(await read()) as Report
    },
  }
}
