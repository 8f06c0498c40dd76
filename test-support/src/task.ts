import type fs from 'node:fs'
import type net from 'node:net'
import { Program } from './programs.js'

export interface ModuleOptions {
  /** The engine of the module's servers and clients, which pass on `options`. */
  readonly engine?: object | undefined
  /** The fault that strace injects, such as `sendmsg:error=ENOMEM:when=1`. */
  readonly inject?: string
  /** A command that starts the module. */
  readonly under?: readonly string[]
  /** Options of Node. */
  readonly flags?: readonly string[]
}

/** What a module in another process and the test tell each other: a line of JSON for each value. */
const PRELUDE = `
  import { createInterface } from 'node:readline'
  const args = JSON.parse(process.argv[1])
  const print = (message) => console.log(JSON.stringify(message))
  const say = (value) => print({ value })
  let lines
  const hear = async () => {
    // Only a module that listens is kept alive by its standard input.
    lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]()
    return JSON.parse((await lines.next()).value)
  }`

/**
 * The text of a module that runs in a process of its own, which is ended after the test. There is no IPC channel between the
 * processes, because its system calls would count when strace makes some of them fail.
 */
export class Child<Result> {
  readonly #program: Program

  /** @param entry the module from whose folder imports are resolved @param args what the module has as `args` */
  constructor(
    entry: string | URL,
    body: string,
    args: readonly unknown[],
    { engine, inject, under = [], flags = [] }: ModuleOptions = {},
  ) {
    const options = engine === undefined ? '{}' : "{ engine: (await import('@sock/native')).engine }"
    const text = `${PRELUDE}\nconst options = ${options}\n${body}`
    const node = [process.execPath, ...flags, '--input-type=module', '-e', text, JSON.stringify(args)]
    const trace = `trace=${inject?.split(':')[0]}`
    const tracer = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', trace, '-e', `inject=${inject}`]
    const [command = '', ...rest] = [...under, ...(inject === undefined ? [] : tracer), ...node]
    this.#program = new Program(command, rest, new URL('.', entry))
  }

  say(value: unknown): void {
    this.#program.say(JSON.stringify(value))
  }

  /** Resolves with the next value that the module says. Rejects with its error, or if it ends without one. */
  async hear<T>(): Promise<T> {
    const line = await this.#program.hear()
    const { value, failed } = JSON.parse(line) as { value: T; failed?: object }
    if (failed !== undefined) throw Object.assign(new Error(), failed)
    return value
  }

  /** Resolves with the result of a task, once everything that it said was heard. */
  get result(): Promise<Result> {
    return this.hear()
  }

  /** Resolves when the process has ended, with what was wrong: `undefined` after exit code 0 and without a warning. */
  get exited(): Promise<string | undefined> {
    return this.#program.ended.then(({ code, stderr }) =>
      code === 0 && stderr === '' ? undefined : `ended with ${code} ${stderr}`.trim(),
    )
  }

  /** Sends SIGSTOP. */
  stop(): Promise<void> {
    return this.#program.stop()
  }

  /** Sends SIGKILL, which leaves no time to clean up. */
  kill(): Promise<void> {
    return this.#program.kill()
  }
}

/** Runs the text of a module in a process of its own. */
export type RunModule = (body: string, args: readonly string[], options?: ModuleOptions) => Promise<unknown>

/**
 * Returns a function that runs the text of a module in another process to its end.
 *
 * @param name the name under which the module can use the package at `entry`. The module can also use `args`, `options` (the
 * engine), and `done(result)`
 */
export function moduleRunner(name: string, entry: URL): RunModule {
  return async (body, args, options) => {
    const text = `import * as ${name} from ${JSON.stringify(entry.href)}\nconst done = say\n${body}`
    const child = new Child(entry, text, args, options)
    const result = await child.hear()
    const problem = await child.exited
    if (problem !== undefined) throw new Error(`The module ${problem}`)
    return result
  }
}

/** The values that a task in another process gets, besides the exports of its modules. */
export interface TaskContext<Engine = unknown> {
  /** Options with the engine. */
  readonly options: { readonly engine?: Engine }
  readonly fs: typeof fs
  readonly net: typeof net
  /** Changes from root to this user, and to the group with the same number. */
  readonly become: (uid: number) => void
  /** Sends a value to the test, which gets it by `child.hear()`. */
  readonly say: (value: unknown) => void
  /** Resolves with the next value that the test sends. */
  readonly hear: () => Promise<unknown>
  readonly until: (condition: () => boolean) => Promise<void>
}

const CONTEXT = `
  import fs from 'node:fs'
  import net from 'node:net'
  import { until } from ${JSON.stringify(new URL('wait.js', import.meta.url).href)}
  const become = (uid) => {
    process.setgroups([])
    process.setgid(uid)
    process.setuid(uid)
  }`

/** A function that runs in another process. It is sent as text, so it can use its arguments only. */
export type Task<Context, Args extends unknown[], Result> = (
  context: Context,
  ...args: Args
) => Promise<Result>

/** Runs a task in another process, which is ended after the test. */
export type RunTask<Context> = <Args extends unknown[], Result>(
  task: Task<Context, Args, Result>,
  ...args: Args
) => Child<Result>

/** @param modules URLs of modules whose exports the tasks get @param engine the engine that they use */
export function taskRunner<Context>(modules: readonly string[], engine?: object): RunTask<Context> {
  const imports = modules.map((url) => `await import(${JSON.stringify(url)})`)
  return (task, ...args) => {
    const text = `${CONTEXT}
      const context = { fs, net, become, say, hear, until, options }
      const running = (${task.toString()})(Object.assign(context, ${imports.join(', ')}), ...args)
      running.then(say, ({ code, message, stack }) => print({ failed: { code, message, stack } }))`
    return new Child(modules[0] as string, text, args, { engine })
  }
}
