import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The program, running as a child with pipes for its output. */
export interface Program {
  /** Waits until the output matches. Rejects if the program ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
  /** Nobody reads its output any more. */
  hangUp(): void
  readonly ended: Promise<Ended>
}

const children = new Set<ChildProcess>()

/** For afterEach: nothing that a failed test started stays. */
export async function endPrograms(): Promise<void> {
  for (const child of children) {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
}

/** Starts the built program. */
export function startProgram(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  return start([fileURLToPath(new URL('../dist/main.js', import.meta.url)), ...args], env)
}

/** Starts the built program with another handler, given as the source of a function. */
export function startWithHandler(handler: string, args: readonly string[]): Program {
  const module = new URL('../dist/run.js', import.meta.url).href
  const script = `
    import { run } from ${JSON.stringify(module)}
    process.exitCode = await run(${JSON.stringify(args)}, ${handler})`
  return start(['--input-type=module', '--eval', script], {})
}

function start(args: readonly string[], env: NodeJS.ProcessEnv): Program {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child)
    return { code: code as number | null, stdout, stderr }
  })

  return {
    ended,
    kill: (signal) => void child.kill(signal),
    hangUp: () => void child.stdout.destroy(),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stdout)
          if (match === null) return
          child.stdout.off('data', look)
          resolve(match)
        }
        child.stdout.on('data', look)
        look()
        void ended.then(({ code }) =>
          reject(new Error(`Ended with ${code} before ${pattern} came:\n${stdout}${stderr}`)),
        )
      }),
  }
}
