import { succeed } from '@sock/test-support/programs'
import { existsSync, readFileSync } from 'node:fs'

/** The length of a listening socket's accept queue, as ss(8) shows it. */
export async function listening(port: number): Promise<number> {
  const shown = await succeed('ss', ['-Hltn', `sport = :${port}`])
  return Number(shown.trim().split(/\s+/)[2])
}

/** Returns the timers (keep-alive) and options of the established socket with this local port. */
export function established(port: number): Promise<string> {
  return succeed('ss', ['-Htnoi', `sport = :${port}`])
}

const FIRST_FREE = '/proc/sys/net/ipv4/ip_unprivileged_port_start'

/** A port that only a privileged process may bind; `undefined` where there is none. */
export const privilegedPort =
  !existsSync(FIRST_FREE) || Number(readFileSync(FIRST_FREE, 'utf8')) > 1 ? 1 : undefined

/** The usual number of the user `nobody`. */
const NOBODY = 65_534

/** Runs `action` without the rights of root, if the process has them. */
export async function unprivileged<T>(action: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return action()
  process.seteuid?.(NOBODY)
  try {
    return await action()
  } finally {
    process.seteuid?.(0)
  }
}
