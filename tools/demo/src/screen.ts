import { styleText } from 'node:util'

export type Colour = 'bold' | 'dim' | 'green' | 'red'

/** Where lines go: a terminal, or anything else. */
export interface Screen {
  /** Whether it is a terminal, on which a line can be replaced. */
  readonly isTerminal: boolean
  /** Writes a line that stays. */
  print(line?: string): void
  /**
   * Shows a line that the next one replaces: in place on a terminal; elsewhere as a line of its own, and only when it says
   * something new.
   */
  status(line: string): void
  /** Takes the status line away. */
  clearStatus(): void
  /** The text in a colour, if there are colours: on a terminal, unless NO_COLOR is set (https://no-color.org). */
  paint(colour: Colour, text: string): string
}

/** What a screen needs of an output stream. */
export interface Output {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

/** Back to the first column, and erase to the end of the line (ECMA-48: CR, EL). */
const ERASE_LINE = '\r\u001B[K'
/** Terminals that do not tell their width are at least this wide. */
const DEFAULT_COLUMNS = 80

export function createScreen(output: Output, env: NodeJS.ProcessEnv = process.env): Screen {
  const isTerminal = output.isTTY === true && env['TERM'] !== 'dumb'
  const hasColours = isTerminal && !env['NO_COLOR']
  let shown = ''

  /** On a terminal the status line is the last one, without a line feed; one that wraps could not be erased. */
  const fit = (line: string): string => line.slice(0, (output.columns ?? DEFAULT_COLUMNS) - 1)

  return {
    isTerminal,
    print(line = '') {
      if (isTerminal && shown !== '') output.write(`${ERASE_LINE}${line}\n${fit(shown)}`)
      else output.write(`${line}\n`)
    },
    status(line) {
      if (isTerminal) output.write(`${ERASE_LINE}${fit(line)}`)
      else if (line !== shown) output.write(`${line}\n`)
      shown = line
    },
    clearStatus() {
      if (isTerminal && shown !== '') output.write(ERASE_LINE)
      shown = ''
    },
    paint: (colour, text) => (hasColours ? styleText(colour, text, { validateStream: false }) : text),
  }
}
