import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Program {
  /** Resolves when the output matches, or the program has ended. */
  until(pattern: RegExp): Promise<void>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<{ code: number | null; output: string }>
}

const children = new Set<ChildProcess>()

/** For afterEach: nothing that a failed test started stays. */
export async function endPrograms(): Promise<void> {
  for (const child of children) {
    // The second one ends it at once, with its own children.
    child.kill('SIGTERM')
    const again = setInterval(() => child.kill('SIGTERM'), 300)
    await once(child, 'close')
    clearInterval(again)
  }
}

/** Starts the built program as a child, with pipes for its output. */
export function startProgram(...args: string[]): Program {
  const main = fileURLToPath(new URL('../../../dist/soak/main.js', import.meta.url))
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let output = ''
  const collect = (text: string): void => void (output += text)
  child.stdout.setEncoding('utf8').on('data', collect)
  child.stderr.setEncoding('utf8').on('data', collect)
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child)
    return { code: code as number | null, output }
  })
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    until: (pattern) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!pattern.test(output)) return
          child.stdout.off('data', look)
          resolve()
        }
        child.stdout.on('data', look)
        void ended.then(() => resolve())
        look()
      }),
  }
}
