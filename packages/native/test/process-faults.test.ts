import { expect, it } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from './support/child.js'
import { describeNative, itChecked } from './support/needs.js'

interface Compiler {
  readonly CHECKED: string
  readonly compile: (compiler: string, flags: readonly string[], target: string) => boolean
}

const { CHECKED, compile } = (await import(join(import.meta.dirname, '../compile.mjs'))) as Compiler

/** Compiles the addon with these flags for `use`, which gets its path. */
async function withBuild(flags: readonly string[], use: (binary: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sock-native-'))
  try {
    const binary = join(folder, 'sock_native.node')
    expect(compile(process.env['CC'] ?? 'cc', flags, binary)).toBe(true)
    await use(binary)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The binary of `npm run build`. */
const CHECKED_BUILD = join(import.meta.dirname, '../build/sock_native.node')

/** Breaks something in a process, which must end. @returns what it says */
async function broken(what: string, binary: string): Promise<string> {
  const said: unknown = await runProgram('broken', [what, binary]).catch((error: unknown) => error)
  expect(said).toMatchObject({ signal: 'SIGABRT' })
  return (said as { stderr: string }).stderr
}

describeNative('a process with the engine', () => {
  it('a process with the engine runs as long as a listener or a connection is open, and no longer', async () => {
    expect(await runProgram('lives')).toEqual(['the listener kept it alive', 'the connection kept it alive'])
  })

  it('a process with the engine runs as long as a listener, a connection or a datagram socket is referenced', async () => {
    expect(await runProgram('references')).toEqual([
      'nothing',
      'NativeListener',
      'nothing',
      'NativeStreamPort',
      'nothing',
      'NativeStreamPort',
      'nothing',
      'NativeDatagramPort',
      'nothing',
    ])
  })

  it('a process with the engine refuses peers when no descriptor is left, says so, and recovers (G1)', async () => {
    expect(await runProgram('no-descriptors', [], { descriptors: 50 })).toEqual({
      errors: ['accept EMFILE'],
      someWereAccepted: true,
    })
  })

  it('a process with the engine gives no socket to its children', async () => {
    expect(await runProgram('children')).toEqual({ more: 0, hasSome: true })
  })

  it('a process with the engine reports every error that a sink throws, and goes on', async () => {
    const heard = (await runProgram('throws')) as { uncaught: string[]; answers: string[] }
    expect(heard.uncaught.toSorted()).toEqual(['oops a', 'oops b', 'oops c'])
    expect(heard.answers.toSorted()).toEqual(['a', 'b', 'c'])
  })

  it('a process with the engine drops output of a connection that is reset in the same batch, and sends it to no other', async () => {
    const { errors, got } = (await runProgram('cross-write')) as { errors: string[]; got: string[] }
    expect(errors).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET'])
    expect(got.filter((text) => text === 'the answer')).toHaveLength(3)
    expect(got.filter((text) => text === 'from the stranger')).toHaveLength(3)
    expect(got).toHaveLength(6)
  })

  it('a process with the engine keeps sockets without references as long as they are open, and no longer', async () => {
    expect(await runProgram('forgotten')).toEqual({ kept: 20, received: 20 })
  })

  it.each([
    ['checks itself', [CHECKED]],
    ['is published', []],
  ])(
    'a process with an addon as it %s never reads behind its memory, whatever lengths peers choose',
    async (_, flags) => {
      await withBuild(flags, async (binary) => {
        const expected = { bytes: 15 * 4001 + 4090 + 40 * 3999, datagrams: 300, errors: [], wrong: 0 }
        expect(await runProgram('odd-sizes', [binary])).toEqual(expected)
      })
    },
  )

  itChecked(
    'a process with the addon that checks itself ends when it finds an operation for a listener',
    async () => {
      expect(await broken('kind', CHECKED_BUILD)).toContain(
        'stream != NULL || slot == NO_SLOT does not hold (./c/',
      )
    },
  )

  it('a process with an addon as it is published ends before it reads behind memory that it shares', async () => {
    await withBuild([], async (binary) => {
      expect(await broken('offset', binary)).toContain('OUT_BYTES) does not hold (./c/')
      expect(await broken('length', binary)).toContain('OUT_BYTES) does not hold (./c/')
      expect(await broken('count', binary)).toContain('count <= MAX_OPERATIONS does not hold (./c/')
      expect(await broken('dropped', binary)).toContain('count <= MAX_OPERATIONS does not hold (./c/')
      expect(await broken('sends', binary)).toContain('count <= MAX_SENDS does not hold (./c/')
      expect(await broken('datagram', binary)).toContain('SEND_BYTES) does not hold (./c/')
    })
  })

  it('a process with the engine serves with each of two copies of the package, which share one binary', async () => {
    expect(await runProgram('two-copies')).toEqual({
      areTwo: true,
      answers: ['one', 'two', 'one again', 'two again'],
    })
  })

  it('a process with the engine has an engine for each worker, which ends with it, however that ends (F15)', async () => {
    // Two workers of each kind, and the main thread in between. The program itself checks that no descriptor is left.
    const answers = (await runProgram('workers')) as string[]
    for (const how of ['return', 'terminate', 'exit', 'throw'])
      expect(answers.filter((answer) => answer === how)).toHaveLength(2)
    expect(answers.filter((answer) => answer === 'main')).toHaveLength(4)
  })
})
