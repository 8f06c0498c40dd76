import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createBirpc } from 'birpc'
import { checkMayStart, endWithAll } from './processes.js'

/** Functions that the other process can call. */
export type Functions = object

/** The functions of the other process, as they are called: each returns a promise. */
export type Remote<F extends Functions> = {
  readonly [K in keyof F]: F[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/** A Node program of ours that runs as a child, and whose functions can be called. */
export interface Child<F extends Functions> {
  readonly pid: number
  /** Calls reject with the error of the child, or when the child ends before it answers. */
  readonly call: Remote<F>
  /** Resolves when the child has ended: with undefined after exit code 0, otherwise with how it ended. */
  readonly ended: Promise<string | undefined>
  /** Disconnects the child, which then ends on its own. Resolves when it has ended. */
  stop(): Promise<string | undefined>
  kill(signal: NodeJS.Signals): void
}

export interface ChildOptions {
  /** Options of Node. Default: none. */
  readonly execArgv?: readonly string[]
  /** Beside the environment of this process. */
  readonly env?: NodeJS.ProcessEnv
}

/** Starts a program of ours that serves its parent with {@link serveParent}. */
export function startChild<F extends Functions>(
  program: URL,
  { execArgv = [], env = {} }: ChildOptions = {},
): Child<F> {
  checkMayStart()
  const name = fileURLToPath(program).split('/').at(-1)
  const child = fork(program, {
    execArgv: [...execArgv],
    env: { ...process.env, ...env },
    serialization: 'advanced',
  })
  const remote = createBirpc<F>(
    {},
    {
      // The child may just have ended: its `exit` event reports that.
      post: (message) => void child.send(message, () => undefined),
      on: (listener) => void child.on('message', listener),
      timeout: -1,
    },
  )
  const ended = once(child, 'exit').then(
    ([code, signal]) => (code === 0 ? undefined : `${name} ended with ${signal ?? `code ${code}`}`),
    (error: Error) => `${name} cannot run: ${error.message}`,
  )
  void ended.then((how) => remote.$close(new Error(how ?? `${name} ended before it answered`)))
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal)
  endWithAll({ kill, ended })
  return {
    pid: child.pid ?? -1,
    call: remote as unknown as Remote<F>,
    ended,
    kill,
    stop() {
      if (child.connected) child.disconnect()
      return ended
    },
  }
}

/**
 * Lets the parent call `functions`. This process ignores Ctrl-C, which the terminal sends to every process: the parent decides
 * what to do. Without a parent this process ends.
 */
export function serveParent(functions: Functions): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('disconnect', () => process.exit())
  createBirpc<object, Functions>(functions, {
    post: (message) => void (process.connected && process.send?.(message)),
    on: (listener) => void process.on('message', listener),
    timeout: -1,
  })
}
