import { stop } from '@sock/tools/testing/programs'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

const PRELUDE = `
import os, socket, sys
def say(what): print(what, flush=True)
def hear(): return sys.stdin.readline().strip()
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
`

/** A Python program with a Unix datagram socket `s`; test and program `say` lines to each other. */
export class Python {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  constructor(program: string, args: readonly string[]) {
    this.#process = spawn('python3', ['-c', PRELUDE + program, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]()
  }

  say(line: string | number): void {
    this.#process.stdin.write(`${line}\n`)
  }

  async hear(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('The Python program has ended')
    return value
  }

  /** SIGSTOP. */
  stop(): Promise<void> {
    return stop(this.#process)
  }

  /** SIGCONT. */
  goOn(): void {
    this.#process.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'close')
  }
}
