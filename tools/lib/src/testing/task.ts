import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type fs from 'node:fs'
import type net from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Start } from './child-process.js'
import { stop } from './programs.js'

const PROGRAM = fileURLToPath(new URL('child-process.js', import.meta.url))

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

/** A process that runs a task. */
export class Child<Result> {
  readonly #process: ChildProcess
  readonly #said: unknown[] = []
  #wake: () => void = () => undefined
  /** Resolves with the result of the task; rejects with its error, or with that of the process. */
  readonly result: Promise<Result>
  /** The exit code; `null` after a signal. */
  readonly exited: Promise<number | null>

  constructor(start: Start) {
    this.#process = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.exited = once(this.#process, 'exit').then(([code]) => code as number | null)
    this.result = new Promise((resolve, reject) => {
      this.#process.on('message', (message: { said?: unknown; result?: Result; failed?: Error }) => {
        if ('said' in message) this.#said.push(message.said)
        else if (message.failed !== undefined) reject(Object.assign(new Error(), message.failed))
        else resolve(message.result as Result)
        this.#wake()
      })
      void this.exited.then((code) => reject(new Error(`Child process ended early: exit code ${code}`)))
    })
    this.result.catch(() => this.#wake())
    this.#process.send(start)
  }

  say(value: unknown): void {
    this.#process.send({ said: value })
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
    return stop(this.#process)
  }

  /** Sends SIGKILL, which leaves no time to clean up. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.exited
  }
}
