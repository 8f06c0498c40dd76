import { Presets, SingleBar } from 'cli-progress'

/** Shows on stderr how far a run is: a bar on a terminal, and nothing else than the lines of the report without one. */
export interface Progress {
  advance(row: string, subject: string): void
  /** Prints lines on stdout, above the bar. */
  print(lines: readonly string[]): void
  stop(): void
}

/** @param total how often `advance` will be called */
export function createProgress(total: number, isTerminal: boolean): Progress {
  const print = (lines: readonly string[]): void => {
    if (lines.length > 0) process.stdout.write(lines.join('\n') + '\n')
  }
  if (!isTerminal) return { advance: () => undefined, print, stop: () => undefined }
  const bar = new SingleBar(
    {
      format: '{bar} {percentage} % | {what} | {eta_formatted} left',
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_classic,
  )
  const erase = (): void => void process.stderr.write('\r\u001B[K')
  bar.start(total, 0, { what: 'starting' })
  return {
    advance: (row, subject) => bar.increment({ what: `${row} ${subject}` }),
    print(lines) {
      erase()
      print(lines)
      bar.render()
    },
    stop: () => bar.stop(),
  }
}
