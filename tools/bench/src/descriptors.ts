import { readFileSync } from 'node:fs'

/** What a process needs beside its connections. */
const OTHERS = 100

/** How many connections a process can have: each takes a descriptor. Node raises the soft limit to the hard one itself. */
export function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? '1024'
  return hard === 'unlimited' ? Infinity : Number(hard) - OTHERS
}
