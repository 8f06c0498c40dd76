import type { StreamHandler, StreamServer, StreamServerOptions, UnixAddress } from '@sock/core'
import { bareStreamServerChecks, createStreamServer } from '@sock/core/stream'
import { check, checkServerOptions } from '@sock/core/transport'
import { listenMemory } from './memory-listener.js'
import { parseMemoryTarget, type MemoryTarget } from './memory-target.js'

declare module '@sock/core' {
  interface Transports {
    memory: 'stream'
  }
}

/** Options of the machinery, and `backlog`; there are no sockets that an engine could make, or that could be configured. */
export interface MemoryServerOptions extends Omit<StreamServerOptions, 'configure' | 'engine' | 'backlog'> {
  /** How many peers may wait to be accepted, until the next turn of the event loop; more are refused. Default 511. */
  backlog?: number | undefined
}

/** What {@link createMemoryServer} makes. */
export interface MemoryServer extends StreamServer<MemoryTarget, UnixAddress> {}

const memoryServerChecks = { ...bareStreamServerChecks, backlog: check.integer(511, 1, 65_535) }

/**
 * Makes a server that is known by a name, within this process.
 *
 * @throws TypeError or RangeError, which name the option and the value
 */
export function createMemoryServer(handler: StreamHandler, options?: MemoryServerOptions): MemoryServer {
  const settings = checkServerOptions('createMemoryServer', handler, options, memoryServerChecks)
  return createStreamServer<MemoryTarget, UnixAddress, UnixAddress>(
    {
      transport: 'memory',
      secure: false,
      parse: parseMemoryTarget,
      open: async (address, sink) => listenMemory(address, settings.backlog, sink),
    },
    handler,
    settings,
  )
}
