import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** A failure with a known reason: the user sees the message without a stack trace. */
export class Failure extends Error {
  /** The output of the program that failed; shown before the message. */
  output

  constructor(message, output = '') {
    super(message)
    this.output = output
  }
}

/**
 * Runs a program to its end. Collects its output, or with `show` prints it. Never rejects: `code` is 127 if there is no such
 * program, and 128 + n if signal n ended it.
 */
export function run(command, args, { show = false, ...options } = {}) {
  return new Promise((resolve) => {
    let output = ''
    const out = show ? 'inherit' : 'pipe'
    const child = spawn(command, args, { ...options, stdio: ['ignore', out, out] })
    const kill = () => child.kill()
    process.on('exit', kill)
    const settle = (code) => {
      process.off('exit', kill)
      resolve({ code, output })
    }
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', (error) => {
      output += `${error.message}\n`
      settle(127)
    })
    child.on('close', (code, signal) => settle(code ?? 128 + constants.signals[signal]))
  })
}

// If a signal ended this process, npm would print an error, so exit instead. A program that main.mjs imports may listen, too.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal])
  })
}
