import { spawnSync } from 'node:child_process'

/** A network of two: the test at one end of a cable, other processes at the other. Needs root, and `ip` (iproute2). */
export interface Network {
  readonly name: string
  /** Our end of the cable, and theirs. */
  readonly ours: { readonly device: string; readonly host: string; readonly linkLocal: string }
  readonly theirs: { readonly device: string; readonly host: string; readonly linkLocal: string }
  /** From now on, every packet is dropped silently. */
  cut(): void
  remove(): void
}

function ip(...args: string[]): boolean {
  return spawnSync('ip', args).status === 0
}

/** Why there is no such network here; `undefined` if there can be one. */
export function whyNoNetwork(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  const name = `sock-try-${process.pid}`
  const isPermitted = ip('netns', 'add', name)
  ip('netns', 'del', name)
  return isPermitted ? undefined : 'needs ip (iproute2), and leave to make network namespaces'
}

export function createNetwork(): Network {
  const name = `sock-${process.pid}`
  const [us, them] = [`sv${process.pid}a`, `sv${process.pid}b`]
  // A range that is for tests of networks: RFC 2544.
  const subnet = `198.18.${process.pid % 250}`
  const ours = { device: us, host: `${subnet}.1`, linkLocal: 'fe80::1' }
  const theirs = { device: them, host: `${subnet}.2`, linkLocal: 'fe80::2' }
  const remove = (): void => {
    ip('link', 'del', us)
    ip('netns', 'del', name)
  }
  remove()
  const steps = [
    ['netns', 'add', name],
    ['link', 'add', us, 'type', 'veth', 'peer', 'name', them, 'netns', name],
    ['addr', 'add', `${ours.host}/30`, 'dev', us],
    ['addr', 'add', `${ours.linkLocal}/64`, 'dev', us, 'nodad'],
    ['link', 'set', us, 'up'],
    ['-n', name, 'addr', 'add', `${theirs.host}/30`, 'dev', them],
    ['-n', name, 'addr', 'add', `${theirs.linkLocal}/64`, 'dev', them, 'nodad'],
    ['-n', name, 'link', 'set', them, 'up'],
    ['-n', name, 'link', 'set', 'lo', 'up'],
  ]
  for (const step of steps) {
    if (ip(...step)) continue
    remove()
    throw new Error(`Cannot do "ip ${step.join(' ')}"`)
  }
  return { name, ours, theirs, cut: () => void ip('-n', name, 'link', 'set', them, 'down'), remove }
}
