import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Commands, Mark, Request } from './child.js'

/** A child of the harness, whose commands can be called. */
export interface Process<C extends Commands> {
  readonly pid: number
  /** Rejects with what the command says is wrong, or when the process ends. @param atMark what to do at a mark */
  call<K extends keyof C & string>(
    command: K,
    argument?: Parameters<C[K]>[0],
    atMark?: (mark: string) => Promise<void>,
  ): Promise<Awaited<ReturnType<C[K]>>>
  stop(): Promise<void>
}

/** Starts children, and ends all that are left. */
export class Processes {
  readonly #children = new Set<ChildProcess>()
  #isOver = false

  /** @param module of this folder @param execPath the Node that runs it @param env beside that of this process */
  async start<C extends Commands>(
    module: string,
    execPath = process.execPath,
    env: NodeJS.ProcessEnv = {},
  ): Promise<Process<C>> {
    if (this.#isOver) throw new Error('interrupted')
    const file = fileURLToPath(new URL(`./${module}.js`, import.meta.url))
    const child = fork(file, [], {
      execPath,
      execArgv: ['--expose-gc'],
      env: { ...process.env, ...env },
      serialization: 'advanced',
    })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    await once(child, 'spawn').catch((error: Error) => {
      this.#children.delete(child)
      throw new Error(`cannot run ${execPath}`, { cause: error })
    })
    return {
      pid: child.pid as number,
      call: (command, argument, atMark) => call(child, { command, argument }, atMark) as never,
      stop: () => stop(child),
    }
  }

  /** Nothing is started from now on, and nothing that was started stays. */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all([...this.#children].map((child) => stop(child, 'SIGKILL')))
  }
}

function call(
  child: ChildProcess,
  request: Request,
  atMark?: (mark: string) => Promise<void>,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      child.off('message', onMessage)
      child.off('exit', onExit)
    }
    const fail = (error: Error): void => {
      settle()
      reject(error)
    }
    const onExit = (code: number | null, signal: string | null): void =>
      fail(new Error(`a process ended by itself (${signal ?? `exit code ${code}`})`))
    const onMessage = (message: Answer | Mark): void => {
      if ('mark' in message) {
        Promise.resolve(atMark?.(message.mark)).then(() => child.send('go on'), fail)
        return
      }
      settle()
      if ('error' in message) reject(new Error(message.error))
      else resolve(message.value)
    }
    child.on('message', onMessage)
    child.on('exit', onExit)
    if (child.exitCode !== null || child.signalCode !== null) return onExit(child.exitCode, child.signalCode)
    child.send(request, (error) => {
      if (error !== null) fail(error)
    })
  })
}

async function stop(child: ChildProcess, signal?: 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  if (signal === undefined && child.connected) child.disconnect()
  else child.kill('SIGKILL')
  await gone
}
