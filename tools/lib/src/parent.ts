import { createBirpc } from 'birpc'

/** Functions that the other process can call. */
export type Functions = object

/** The functions of the other process, as they are called: each returns a promise. */
export type Remote<F extends Functions> = {
  readonly [K in keyof F]: F[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
}

/**
 * Lets the parent call `functions`. This process ignores Ctrl-C, which the terminal sends to every process: the parent decides
 * what to do. Without a parent this process ends.
 * @returns the functions of the parent
 */
export function serveParent<Parent extends Functions>(functions: Functions): Remote<Parent> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('disconnect', () => process.exit())
  const remote = createBirpc<Parent, Functions>(functions, {
    post: (message) => void (process.connected && process.send?.(message)),
    on: (listener) => void process.on('message', listener),
    timeout: -1,
  })
  return remote as unknown as Remote<Parent>
}
