import type { ShutdownReport } from '@sock/core'

/** `1,234,567`. */
export const formatCount = (count: number): string => Math.round(count).toLocaleString('en-US')

/** `3 clients`, `1 client`. */
export const formatPlural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`

/** Powers of 1000, as in network speeds. */
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `64 B`, `1.2 kB`, `118.4 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let power = 0
  // 999.95 would be printed as 1000.0.
  while (value >= 999.95 && power < UNITS.length - 1) {
    value /= 1000
    power += 1
  }
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`
}

export const formatReport = ({ idle, drained, forced }: ShutdownReport): string =>
  `${idle} idle, ${drained} drained, ${forced} forced`

/** Rows as lines, each column as wide as its widest cell. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
