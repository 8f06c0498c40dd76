import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** How long a program of the documentation may take, in ms, or a server to begin or to end. */
const TIME_LIMIT = 60_000

/** A program that runs as a child, with everything it printed. */
export interface Child {
  /** Waits until the output matches. Rejects when the program ends before, or takes too long. */
  until(pattern: RegExp): Promise<void>
  /** Waits for exit code 0. Rejects for any other, or when it takes too long. */
  succeed(): Promise<void>
  readonly output: string
  readonly process: ChildProcess
}

export function startChild(command: string, args: readonly string[], cwd: string): Child {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let isOver = false
  const collect = (text: string): void => void (output += text)
  child.stdout.setEncoding('utf8').on('data', collect)
  child.stderr.setEncoding('utf8').on('data', collect)
  const ended = once(child, 'close').then(([code, signal]) => {
    isOver = true
    return (code ?? signal) as number | string
  })
  ended.catch(() => {})

  return {
    process: child,
    get output() {
      return output
    },
    async until(pattern) {
      const late = AbortSignal.timeout(TIME_LIMIT)
      while (!pattern.test(output)) {
        if (isOver) throw new Error(`ended before it printed ${pattern}:\n${output}`)
        const printed = once(child.stdout, 'data', { signal: late })
        await Promise.race([printed, ended]).catch((cause: unknown) => {
          throw new Error(`did not print ${pattern} in time:\n${output}`, { cause })
        })
      }
    },
    async succeed() {
      const timer = setTimeout(() => child.kill('SIGKILL'), TIME_LIMIT)
      const code = await ended.finally(() => clearTimeout(timer))
      if (code !== 0) throw new Error(`ended with ${code}:\n${output}`)
    },
  }
}
