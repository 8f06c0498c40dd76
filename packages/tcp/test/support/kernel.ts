import { readFile } from 'node:fs/promises'
import { runTool } from './tools.js'

/** The length of a listening socket's accept queue, as ss(8) shows it; `undefined` where there is no `ss`. */
export async function listening(port: number): Promise<number | undefined> {
  const result = await runTool('ss', ['-Hltn', `sport = :${port}`])
  return result && Number(result.stdout.trim().split(/\s+/)[2])
}

/** What the kernel knows of the established socket with this local port: timers (keep-alive) and options. */
export async function established(port: number): Promise<string | undefined> {
  const result = await runTool('ss', ['-Htnoi', `sport = :${port}`])
  return result?.stdout
}

/** A port that only a privileged process may bind; `undefined` where there is none. */
export async function privilegedPort(): Promise<number | undefined> {
  const first = await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8').catch(() => '1024')
  return Number(first) > 1 ? 1 : undefined
}

/** The user `nobody`, by tradition. */
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
