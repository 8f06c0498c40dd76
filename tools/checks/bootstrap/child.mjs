import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** The children that run now. */
const running = new Set()

/**
 * Runs a program to its end. Its output is collected, to be shown only if it fails, unless `show` is set.
 * Resolves with `code` 127 when the program does not exist, and 128 + n when signal n ended it, as a shell says it.
 */
export function run(command, args, { cwd, env = process.env, shell = false, show = false } = {}) {
  return new Promise((resolve) => {
    let output = ''
    const collect = (text) => (output += text)
    const child = spawn(command, args, {
      cwd,
      env,
      shell,
      stdio: ['ignore', ...(show ? ['inherit', 'inherit'] : ['pipe', 'pipe'])],
    })
    running.add(child)
    child.stdout?.setEncoding('utf8').on('data', collect)
    child.stderr?.setEncoding('utf8').on('data', collect)
    child.on('error', (error) => {
      running.delete(child)
      resolve({ code: 127, output: `${error.message}\n` })
    })
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ code: code ?? exitCodeOf(signal), output })
    })
  })
}

const exitCodeOf = (signal) => 128 + constants.signals[signal]

// Leave with an exit code: a process that dies of a signal makes npm print a report. As soon as the imported
// program listens itself, the signal is its business.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (process.listenerCount(signal) > 1) return
    for (const child of running) child.kill(signal)
    process.exit(exitCodeOf(signal))
  })
}
