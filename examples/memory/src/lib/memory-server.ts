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

/** The options that core implements, and `backlog`. There is no engine and no socket to configure. */
export interface MemoryServerOptions extends Omit<StreamServerOptions, 'configure' | 'engine' | 'backlog'> {
  /**
   * The length of the accept queue, which is emptied in the next turn of the event loop. Further peers are refused.
   * Default: 511.
   */
  backlog?: number | undefined
}

/** The result of {@link createMemoryServer}. */
export type MemoryServer = StreamServer<MemoryTarget, UnixAddress>

const memoryServerChecks = { ...bareStreamServerChecks, backlog: check.integer(511, 1, 65_535) }

/**
 * Returns a server that has a name within this process.
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
      open: (address, sink) =>
        new Promise((resolve) => {
          resolve(listenMemory(address, settings.backlog, sink))
        }),
    },
    handler,
    settings,
  )
}
