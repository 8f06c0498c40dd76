/** Functions of a child that its parent can call. */
export type Commands = Record<string, (argument: never) => Promise<unknown>>

export interface Request {
  readonly command: string
  readonly argument: unknown
}

export type Answer = { readonly value: unknown } | { readonly error: string }

/** A child tells that it has come to a point where the parent may want to look at something, and waits for its word. */
export interface Mark {
  readonly mark: string
}

/** Lets the parent call `commands`, one at a time. Without a parent there is nothing to live for. */
export function serveParent(commands: Commands): void {
  // Ctrl-C goes to every process of the terminal; only the parent decides.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('disconnect', () => process.exit())
  process.on('message', (message: Request | 'go on') => {
    if (message === 'go on') return
    void answer(commands, message).then((reply) => process.send?.(reply))
  })
}

async function answer(commands: Commands, { command, argument }: Request): Promise<Answer> {
  try {
    return { value: await commands[command]?.(argument as never) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

/** Says that `mark` is reached; resolves when the parent has looked. */
export function reachMark(mark: string): Promise<void> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown): void => {
      if (message !== 'go on') return
      process.off('message', onMessage)
      resolve()
    }
    process.on('message', onMessage)
    process.send?.({ mark } satisfies Mark)
  })
}
