import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pattern } from '../message.js'
import type { Report } from '../workload.js'
import type { Running, Setup } from './subject.js'

/** The programs of subjects that do not run in Node, if they are there. */
export interface Peers {
  readonly bun?: string | undefined
  readonly floor?: string | undefined
  readonly haproxy?: string | undefined
}

const source = (name: string): string => fileURLToPath(new URL(`../../peers/${name}`, import.meta.url))

/** Compiles the floor. @returns its path, or undefined after saying why there is none */
export function compileFloor(folder: string): string | undefined {
  const compiler = process.env['CC'] ?? 'cc'
  const program = join(folder, 'floor')
  const args = ['-O2', '-o', program, source('floor.c')]
  const { status, error, stderr } = spawnSync(compiler, args, { encoding: 'utf8' })
  if (status === 0) return program
  console.log(
    `! Without floor and rows of relays: ${compiler} cannot compile it. ${error?.message ?? stderr.split('\n', 1)[0]}`,
  )
  return undefined
}

/** @returns the program, or undefined after saying that there is none */
export function findHaproxy(): string | undefined {
  if (spawnSync('haproxy', ['-v']).status === 0) return 'haproxy'
  console.log('! Without haproxy: it is not installed')
  return undefined
}

export const startBun = (setup: Setup): Promise<Running> =>
  startPeer(setup, setup.peers.bun ?? 'bun', [source('bun.mjs')])

export async function startFloor(setup: Setup): Promise<Running> {
  const file = `${setup.path}.pattern`
  await writeFile(file, pattern)
  return startPeer(setup, setup.peers.floor ?? 'floor', [], [file])
}

/** A peer prints its port, answers each byte of its input with a line of JSON, its report, and ends with its input. */
async function startPeer(
  { transport, path, workload }: Setup,
  program: string,
  before: readonly string[],
  after: readonly string[] = [],
): Promise<Running> {
  const args = [...before, transport, path, workload.name, ...after]
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
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
    drain: async () => void child.stdin.end(),
  }
}
