import type fs from 'node:fs'
import type net from 'node:net'
import { startChild, type Child as Started } from '../children.js'
import type { Functions } from './child-process.js'
import { stop } from './programs.js'
import { later } from './resources.js'

const PROGRAM = new URL('child-process.js', import.meta.url)

/** The first message to the process. */
export interface Start {
  /** A function, as text. */
  readonly task: string
  readonly args: unknown[]
  /** URLs of modules whose exports the function gets. */
  readonly modules: readonly string[]
  /** Whether servers and clients are to use the native engine. */
  readonly isNative: boolean
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

/** @param modules URLs of modules whose exports the tasks get @param isNative whether they use the native engine */
export function taskRunner<Context>(modules: readonly string[], isNative = false): RunTask<Context> {
  return <Args extends unknown[], Result>(task: Task<Context, Args, Result>, ...args: Args) => {
    const child = new Child<Result>({ task: task.toString(), args, modules, isNative })
    later(() => child.kill())
    return child
  }
}

/** A process that runs a task. */
export class Child<Result> {
  readonly #child: Started<Functions>
  readonly #said: unknown[] = []
  #wake: () => void = () => undefined
  /** Resolves with the result of the task; rejects with its error, or with that of the process. */
  readonly result: Promise<Result>
  /** How the process ended: `undefined` after exit code 0. */
  readonly exited: Promise<string | undefined>

  constructor(start: Start) {
    this.#child = startChild<Functions>(PROGRAM, {
      tell: (value: unknown) => {
        this.#said.push(value)
        this.#wake()
      },
    })
    this.exited = this.#child.ended
    this.result = this.#child.call.run(start).then(({ result, failed }) => {
      if (failed !== undefined) throw Object.assign(new Error(), failed)
      return result as Result
    })
    this.result.catch(() => this.#wake())
  }

  say(value: unknown): void {
    // Fails if the process ends first.
    void this.#child.call.tell(value).catch(() => {})
  }

  async hear<T>(): Promise<T> {
    while (this.#said.length === 0) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve))
      // A child that has failed sends nothing more.
      await Promise.race([woken, this.result])
    }
    return this.#said.shift() as T
  }

  /** Sends SIGSTOP. */
  stop(): Promise<void> {
    return stop(this.#child)
  }

  /** Sends SIGKILL, which leaves no time to clean up. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }
}
