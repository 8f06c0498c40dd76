// The author of another transport: its name becomes known to all, and what is misspelt is still an error.
import type { Channel, Transport } from '@sock/core'
import { bareStreamClientChecks, bareStreamServerChecks, createStreamServer } from '@sock/core/stream'
import { checkOptions } from '@sock/core/transport'

declare module '@sock/core' {
  interface Transports {
    pigeon: 'datagram'
    memory: 'stream'
  }
}

export const names: readonly Transport[] = ['pigeon', 'memory', 'tcp']
export const isMemory = (channel: Channel): boolean => channel.transport === 'memory'
// @ts-expect-error -- nobody has added this one
export const unknown: Transport = 'carrier'

export const server = createStreamServer(
  {
    transport: 'memory',
    secure: false,
    parse: (target: string) => target,
    open: () => Promise.reject(new Error('not today')),
  },
  () => {},
  checkOptions('options', {}, bareStreamServerChecks),
)
export const { idleTimeout } = checkOptions('options', { idleTimeout: 1 }, bareStreamClientChecks)
