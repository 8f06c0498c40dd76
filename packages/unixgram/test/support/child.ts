import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type fs from 'node:fs'
import type net from 'node:net'
import { fileURLToPath } from 'node:url'
import type * as unixgram from '../../src/index.js'
import type * as native from '../../src/lib/unix-dgram.js'
import { stop } from './stop.js'
import type { UnixgramEngine } from '../../src/index.js'

const PROGRAM = fileURLToPath(new URL('child-main.mjs', import.meta.url))

/** What a task in another process has at hand. */
export interface ChildContext extends Pick<typeof unixgram, 'createUnixgramServer' | 'connectUnixgram'> {
  /** What names the engine of the scratch. */
  readonly options: { readonly engine?: UnixgramEngine }
  readonly UnixDgramSocket: typeof native.UnixDgramSocket
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
export type Task<Args extends unknown[], Result> = (child: ChildContext, ...args: Args) => Promise<Result>

export class Child<Result> {
  readonly #process: ChildProcess
  readonly #said: unknown[] = []
  #wake: () => void = () => undefined
  /** What the task returned, or the error that it threw or that the process died with. */
  readonly result: Promise<Result>
  /** The exit code; `null` after a signal. */
  readonly exited: Promise<number | null>

  constructor(task: string, args: unknown[], isNative: boolean) {
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
    this.#process.send({ task, args, isNative })
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

export function startChild<Args extends unknown[], Result>(
  engine: UnixgramEngine | undefined,
  task: Task<Args, Result>,
  ...args: Args
): Child<Result> {
  return new Child<Result>(task.toString(), args, engine !== undefined)
}
