import type { Readable } from 'node:stream'

/** A regular expression, or what looks for more than one can. */
export interface Pattern<Match> {
  exec(text: string): Match | null
  toString(): string
}

/** What a program or a peer has said so far. */
export interface Transcript {
  readonly text: string
  /** Waits until all of it matches, and gives the match. Rejects if it ends before. */
  until<Match>(pattern: Pattern<Match>): Promise<Match>
  /** Resolves at the end. */
  readonly ended: Promise<void>
}

/** Collects what comes, as text. */
export function transcribe(readable: Readable): Transcript {
  let text = ''
  let isOver = false
  const watchers = new Set<() => void>()
  const look = (): void => {
    for (const watcher of watchers) watcher()
  }
  readable.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    look()
  })
  const ended = new Promise<void>((resolve) => {
    readable.once('close', () => {
      isOver = true
      look()
      resolve()
    })
  })
  return {
    ended,
    get text() {
      return text
    },
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const watcher = (): void => {
          const match = pattern.exec(text)
          if (match === null && !isOver) return
          watchers.delete(watcher)
          if (match === null) reject(new Error(`It ended before ${String(pattern)} came:\n${text}`))
          else resolve(match)
        }
        watchers.add(watcher)
        watcher()
      }),
  }
}
