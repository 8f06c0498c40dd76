import { exchange } from '@sock/core'
import { connectUnixgram } from '@sock/unixgram'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect as connectNet } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { startChild, type Child } from './child.js'
import type { Block, Document } from './markdown.js'

/** What a server of the documentation prints once it listens: the message of its state, for a log. */
const LISTENING = /^Listening on (?<transport>tcp|udp|unix|unixgram) (?<address>.+?)(?<secure> with TLS)?$/gm
/** A port that is written in an address. */
const PORT = /(?<=:)\d{4,5}(?=['"`])/g

/** Where a server of the documentation listens. */
export interface Place {
  readonly transport: string
  readonly address: string
  readonly secure: boolean
}

/** The blocks that are programs, in order; see TESTING.md for the roles. */
export function programsOf({ blocks }: Document): readonly Block[] {
  return blocks.filter(
    ({ language, role }) =>
      (language === 'ts' && ['run', 'server', 'client'].includes(role)) ||
      (language === 'sh' && role === 'run'),
  )
}

/**
 * Runs the programs of a document one after the other in one temporary folder, which looks like a user's project.
 * Servers go on until the end; each has to echo what it is sent, and to end by itself, with exit code 0, on SIGTERM.
 *
 * @returns where the servers listened
 */
export async function runPrograms(document: Document): Promise<readonly Place[]> {
  const stage = createStage()
  try {
    for (const block of programsOf(document)) {
      await runProgram(stage, block).catch((cause: unknown) => {
        throw new Error(`${document.path}:${block.line} ${(cause as Error).message}`, { cause })
      })
    }
    for (const server of stage.servers) server.process.kill('SIGTERM')
    for (const server of stage.servers) await server.succeed()
    return stage.places
  } finally {
    for (const server of stage.servers) server.process.kill('SIGKILL')
    rmSync(stage.folder, { recursive: true })
  }
}

interface Stage {
  readonly folder: string
  readonly servers: Child[]
  readonly places: Place[]
  /** The ports that were chosen in place of those that are written. */
  readonly ports: Map<string, string>
}

function createStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'sock-docs-'))
  symlinkSync(fileURLToPath(new URL('../node_modules', import.meta.url)), join(folder, 'node_modules'))
  return { folder, servers: [], places: [], ports: new Map() }
}

async function runProgram(stage: Stage, { language, role, code }: Block): Promise<void> {
  const { folder } = stage
  if (language === 'sh') return startChild('sh', ['-e', '-c', code], folder).succeed()

  const written = code.match(PORT) ?? []
  const real = code.replace(PORT, (port) => (role === 'client' ? (stage.ports.get(port) ?? port) : '0'))
  const file = join(folder, `program-${stage.servers.length}.mjs`)
  writeFileSync(file, withoutTypes(real))
  const child = startChild(process.execPath, [file], folder)
  if (role !== 'server') return child.succeed()

  stage.servers.push(child)
  // A program may hold several servers.
  const count = code.split('.listen(').length - 1
  await child.until(new RegExp(`(?:^Listening on .+$[^]*?){${count}}`, 'm'))
  const places = [...child.output.matchAll(LISTENING)].map(({ groups }): Place => {
    const { transport = '', address = '', secure } = groups ?? {}
    return { transport, address, secure: secure !== undefined }
  })
  for (const [index, port] of written.entries()) {
    stage.ports.set(port, places[index]?.address.split(':').at(-1) ?? port)
  }
  for (const place of places) {
    const answer = await talk(place, folder, 'hello')
    if (answer !== 'hello') throw new Error(`answered "hello" with "${answer}"`)
  }
  stage.places.push(...places)
}

function withoutTypes(code: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
  return ts.transpileModule(code, { compilerOptions }).outputText
}

/** How long an answer may take, in ms. */
const ANSWER_LIMIT = 60_000

/** Sends a message, and collects as many characters as it has. */
function talk(place: Place, folder: string, message: string): Promise<string> {
  if (place.transport === 'udp') return askUdp(place, message)
  if (place.transport === 'unixgram') return askUnixgram(place, folder, message)
  return talkOnStream(place, folder, message)
}

async function askUdp({ address }: Place, message: string): Promise<string> {
  const socket = createSocket('udp4')
  try {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(ANSWER_LIMIT) })
    socket.send(message, Number(address.split(':').at(-1)), '127.0.0.1')
    const [data] = (await answer) as [Buffer]
    return String(data)
  } finally {
    socket.close()
  }
}

/** Node has no client of its own for these. */
async function askUnixgram({ address }: Place, folder: string, message: string): Promise<string> {
  const client = await connectUnixgram(resolve(folder, address))
  return String(await exchange(client, message, { signal: AbortSignal.timeout(ANSWER_LIMIT) }))
}

/** With Node's own clients. */
async function talkOnStream(place: Place, folder: string, message: string): Promise<string> {
  const port = Number(place.address.split(':').at(-1))
  const socket =
    place.transport === 'unix'
      ? connectNet(join(folder, place.address))
      : place.secure
        ? connectTls({ host: 'localhost', port, ca: readFileSync(join(folder, 'cert.pem')) })
        : connectNet(port, '127.0.0.1')
  socket.setTimeout(ANSWER_LIMIT, () => socket.destroy(new Error('no answer in time')))
  socket.setEncoding('utf8')
  let answer = ''
  socket.on('data', (text: string) => {
    answer += text
    if (answer.length >= message.length) socket.end()
  })
  socket.write(message)
  await once(socket, 'close')
  return answer
}
