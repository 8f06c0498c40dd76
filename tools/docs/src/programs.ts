import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exchange } from '@sock/core'
import { connectTcp } from '@sock/tcp'
import { withFolder } from '@sock/tools/folder'
import { start, succeed, type Program } from '@sock/tools/processes'
import { connectUdp } from '@sock/udp'
import { connectUnix } from '@sock/unix'
import { connectUnixgram } from '@sock/unixgram'
import ts from 'typescript'
import type { Block, Document } from './markdown.js'

/** The line that a server of the documentation prints when it listens. */
const LISTENING = /^Listening on (?<transport>tcp|udp|unix|unixgram) (?<address>.+?)(?<secure> with TLS)?$/gm
/** A port in an address. */
const PORT = /(?<=:)\d{4,5}(?=['"`])/g

/** Where a server of the documentation listens. */
export interface Place {
  readonly transport: string
  readonly address: string
  readonly secure: boolean
}

/** The blocks that are programs, in order; see TESTING.md for the roles. */
export function programsOf({ blocks }: Document): readonly Block[] {
  const runs = { ts: ['run', 'server', 'client'], sh: ['run'] } as Record<string, string[] | undefined>
  return blocks.filter(({ language, role }) => runs[language]?.includes(role))
}

interface Stage {
  readonly folder: string
  readonly servers: Program[]
  readonly places: Place[]
  /** The ports that the system chose, by the port in the text. */
  readonly ports: Map<string, string>
}

/**
 * Runs the programs of a document one after the other in one temporary folder, which looks like a user's project.
 * Servers run until the end. Each must echo, and must exit with 0 on SIGTERM.
 *
 * @returns where the servers listened
 */
export function runPrograms(document: Document): Promise<readonly Place[]> {
  return withFolder('docs', async ({ path: folder }) => {
    symlinkSync(fileURLToPath(new URL('../node_modules', import.meta.url)), join(folder, 'node_modules'))
    const stage: Stage = { folder, servers: [], places: [], ports: new Map() }
    try {
      for (const block of programsOf(document)) {
        await runProgram(stage, block).catch((cause: unknown) => {
          throw new Error(`${block.where} ${(cause as Error).message}`, { cause })
        })
      }
      for (const server of stage.servers) server.kill('SIGTERM')
      for (const server of stage.servers) {
        const { code, output } = await server.ended
        if (code !== 0) throw new Error(`${document.path}: a server ended with ${code}:\n${output}`)
      }
      return stage.places
    } finally {
      for (const server of stage.servers) server.kill('SIGKILL')
    }
  })
}

async function runProgram(stage: Stage, { language, role, code }: Block): Promise<void> {
  const { folder, servers, places, ports } = stage
  const cwd = { cwd: folder }
  if (language === 'sh') return void (await succeed('sh', ['-e', '-c', code], cwd))

  const written = code.match(PORT) ?? []
  const real = code.replace(PORT, (port) => (role === 'client' ? (ports.get(port) ?? port) : '0'))
  const file = join(folder, `program-${servers.length}.mjs`)
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
  writeFileSync(file, ts.transpileModule(real, { compilerOptions }).outputText)
  if (role !== 'server') return void (await succeed(process.execPath, [file], cwd))

  const server = start(process.execPath, [file], cwd)
  servers.push(server)
  // A program may create several servers.
  const count = code.split('.listen(').length - 1
  await server.until(new RegExp(`(?:^Listening on .+$[^]*?){${count}}`, 'm'))
  const here = [...server.output.matchAll(LISTENING)].map(({ groups }): Place => {
    const { transport = '', address = '', secure } = groups ?? {}
    return { transport, address, secure: secure !== undefined }
  })
  for (const [index, port] of written.entries()) ports.set(port, String(portOf(here[index]) || port))
  for (const place of here) {
    const answer = await ask(place, folder, 'hello')
    if (answer !== 'hello') throw new Error(`answered "hello" with "${answer}"`)
  }
  places.push(...here)
}

const portOf = (place: Place | undefined): number => Number(place?.address.split(':').at(-1))

type Exchanged = Parameters<typeof exchange>[0]

/** Sends a message, and returns the answer. */
async function ask(place: Place, folder: string, message: string): Promise<string> {
  const path = resolve(folder, place.address)
  const target = `127.0.0.1:${portOf(place)}`
  const connect: Record<string, () => Promise<Exchanged>> = {
    tcp: () =>
      connectTcp(target, place.secure ? { tls: { ca: readFileSync(join(folder, 'cert.pem')) } } : {}),
    udp: () => connectUdp(target),
    unix: () => connectUnix(path),
    unixgram: () => connectUnixgram(path),
  }
  return String(await exchange((await connect[place.transport]?.()) as Exchanged, message))
}
