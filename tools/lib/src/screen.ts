/** The output: a terminal, on which a line can be replaced, or a file or pipe. */
export interface Screen {
  print(line: string): void
  /** Shows a line that the next one replaces. Without a terminal, prints at most one line in ten seconds. */
  status(line: string): void
  /** Removes the status line. */
  clear(): void
}

/** Moves to the first column and erases to the end of the line (ECMA-48: CR, EL). */
const ERASE_LINE = '\r\u001B[K'
/** In ms. */
const PLAIN_EVERY = 10_000

export function createScreen(output: NodeJS.WriteStream): Screen {
  const isTerminal = output.isTTY
  let lastPlain = -Infinity
  const clear = (): void => {
    if (isTerminal) output.write(ERASE_LINE)
  }
  return {
    clear,
    print(line) {
      clear()
      output.write(`${line}\n`)
    },
    status(line) {
      if (isTerminal) output.write(`${ERASE_LINE}${line.slice(0, output.columns - 1)}`)
      else if (performance.now() - lastPlain >= PLAIN_EVERY) {
        lastPlain = performance.now()
        output.write(`${line}\n`)
      }
    },
  }
}
