import { afterAll, describe, expect, it } from '@jest/globals'
import { engine } from '@sock/native'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const program = (name: string): string => join(import.meta.dirname, 'support', name)
const folder = mkdtempSync(join(tmpdir(), 'sock-references-'))
afterAll(() => rmSync(folder, { recursive: true }))

const TARGETS = {
  tcp: '127.0.0.1:0',
  udp: '127.0.0.1:0',
  unix: join(folder, 'unix.sock'),
  unixgram: join(folder, 'unixgram.sock'),
}

/** A process that ends by itself, and tells why it did not end before. */
async function steps(
  name: keyof typeof TARGETS,
  engineName: string,
  file = 'references.mjs',
): Promise<unknown> {
  const { stdout } = await run(process.execPath, [program(file), name, engineName, TARGETS[name]], {
    timeout: 120_000,
  })
  return JSON.parse(stdout)
}

const ALL = [
  'unref() before listen() lets the process end: listening',
  'ref() keeps the process alive: listening',
  'unref() while it listens lets the process end: listening',
  'unref() is remembered when it is started again: listening',
]

describe('server.ref() and server.unref()', () => {
  it.each(['tcp', 'udp', 'unix'] as const)(
    'decide whether a %s server keeps the process alive',
    async (name) => {
      expect(await steps(name, 'node')).toEqual(ALL)
    },
  )

  it('say that unix-dgram cannot be told', async () => {
    expect(await steps('unixgram', 'node')).toEqual([
      'ERR_SOCK_UNSUPPORTED: idle',
      'ERR_SOCK_UNSUPPORTED: listening',
      'it keeps the process alive: listening',
    ])
  })

  const describeNative = engine.available ? describe : describe.skip
  describeNative('with the native engine', () => {
    it.each(['tcp', 'udp', 'unix', 'unixgram'] as const)('do so on %s', async (name) => {
      expect(await steps(name, 'native')).toEqual(ALL)
    })
  })
})

describe('connection.ref() and connection.unref()', () => {
  const CONNECTION = [
    'an open connection keeps the process alive: true',
    'unref() of both ends lets the process end: true',
    'ref() of one keeps it alive: true',
    'unref() lets it end again: true',
  ]
  const engines = engine.available ? (['node', 'native'] as const) : (['node'] as const)

  it.each(engines.flatMap((name) => [['tcp', name] as const, ['unix', name] as const]))(
    'decide whether a connection of %s keeps the process alive, with the engine %s',
    async (name, engineName) => {
      expect(await steps(name, engineName, 'connection-references.mjs')).toEqual(CONNECTION)
    },
  )
})
