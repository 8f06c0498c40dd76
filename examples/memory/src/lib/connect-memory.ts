import type { Connection, StreamClientOptions } from '@sock/core'
import { bareStreamClientChecks, connectStream } from '@sock/core/stream'
import { checkOptions } from '@sock/core/transport'
import { dialMemory } from './memory-listener.js'
import { parseMemoryTarget, type MemoryTarget } from './memory-target.js'

export type MemoryClientOptions = Omit<StreamClientOptions, 'configure' | 'engine'>

/**
 * Connects to a server in this process.
 *
 * Rejects with `ERR_SOCK_INVALID_ADDRESS`, with `ECONNREFUSED` if no server has this name or its accept queue is
 * full, or with the signal's reason.
 */
export async function connectMemory(
  target: MemoryTarget,
  options?: MemoryClientOptions,
): Promise<Connection> {
  const settings = checkOptions('connectMemory options', options, bareStreamClientChecks)
  const address = parseMemoryTarget(target)
  return connectStream({
    ...settings,
    transport: 'memory',
    remote: address,
    dial: () => dialMemory(address),
  })
}
