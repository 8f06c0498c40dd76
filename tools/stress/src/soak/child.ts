import type { Answer, News, Notice, Question } from './messages.js'

/** The channel to the parent, as a child sees it. */
export interface Parent {
  tell(news: News): void
}

/** How often records are sent, in ms: one message for many. */
export const BATCH = 200

/**
 * Makes this process the child of a soak: answers questions one after another, and leaves when the parent is gone.
 * Signals from the terminal are the parent's business.
 */
export function serveParent(
  answer: (question: Question) => Promise<Answer>,
  notice: (notice: Notice) => void = () => undefined,
): Parent {
  const tell = (message: News | Answer): void => {
    // Nobody listens any more: the 'disconnect' below is on its way.
    if (process.connected) process.send?.(message)
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined)
  process.once('disconnect', () => process.exit(1))
  const broken = (error: unknown): void => {
    tell({
      news: 'finding',
      check: 'processes',
      text: `uncaught: ${(error as Error)?.stack ?? String(error)}`,
    })
  }
  process.on('uncaughtException', broken)
  process.on('unhandledRejection', broken)
  process.on('message', (message: Question | Notice) => {
    if ('tell' in message) {
      notice(message)
      return
    }
    answer(message).then(tell, broken)
  })
  return { tell }
}

/** Lets the process end by itself. */
export function leave(): void {
  process.removeAllListeners('disconnect')
  process.disconnect()
}
