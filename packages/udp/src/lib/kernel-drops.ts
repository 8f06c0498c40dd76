import { readFileSync, readlinkSync } from 'node:fs'
import type { Socket } from 'node:dgram'

/**
 * Returns how many datagrams Linux dropped because the socket's receive buffer was full, from the last column of
 * /proc/net/udp or udp6 (proc_net_udp(5)); `undefined` where the system does not report it. It reads a file, so do
 * not call it often.
 */
export function kernelDrops(socket: Socket, family: 'udp4' | 'udp6'): number | undefined {
  // Node has no public property for the file descriptor.
  const fd = (socket as unknown as Record<symbol, { handle?: { fd?: number } }>)[stateSymbol(socket)]?.handle
    ?.fd
  if (process.platform !== 'linux' || fd === undefined || fd < 0) return undefined
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1]
    const table = readFileSync(family === 'udp4' ? '/proc/net/udp' : '/proc/net/udp6', 'utf8')
    for (const line of table.split('\n')) {
      const fields = line.trim().split(/\s+/)
      if (fields[INODE] === inode) return Number(fields.at(-1))
    }
  } catch {
    // There is no /proc, or the socket was closed meanwhile.
  }
  return undefined
}

/** Column of the socket's inode, counted from 0. */
const INODE = 9

function stateSymbol(socket: Socket): symbol {
  return Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  ) as symbol
}
