import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type fs from 'node:fs'
import type net from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Start } from './child-process.js'
import { stop } from './programs.js'

const PROGRAM = fileURLToPath(new URL('child-process.js', import.meta.url))

/** What a task in another process has at hand, beside what its modules export. */
export interface TaskContext<Engine = unknown> {
  /** What names the engine. */
  readonly options: { readonly engine?: Engine }
  readonly fs: typeof fs
  readonly net: typeof net
  /** Gives up root for this user and the group of the same number. */
  readonly become: (uid: number) => void
  /** Tells the test something: its `child.hear()`. */
  readonly say: (value: unknown) => void
  /** What the test said next. */
  readonly hear: () => Promise<unknown>
  readonly until: (condition: () => boolean) => Promise<void>
}

/** A function that runs in another process: it is sent as text, and sees nothing of the test but its arguments. */
export type Task<Context, Args extends unknown[], Result> = (
  context: Context,
  ...args: Args
) => Promise<Result>

/** A process that runs a task. */
export class Child<Result> {
  readonly #process: ChildProcess
  readonly #said: unknown[] = []
  #wake: () => void = () => undefined
  /** What the task returned, or the error that it threw or that the process died with. */
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
      // A child that failed says no more.
      await Promise.race([woken, this.result])
    }
    return this.#said.shift() as T
  }

  /** SIGSTOP. */
  stop(): Promise<void> {
    return stop(this.#process)
  }

  /** SIGKILL: no time to clean anything up. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.exited
  }
}
