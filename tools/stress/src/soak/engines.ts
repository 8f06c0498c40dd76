import type { StreamEngine } from '@sock/core'
import { engine as native } from '@sock/native'
import type { UdpEngine } from '@sock/udp'
import type { UnixgramEngine } from '@sock/unixgram'

export const ENGINES = ['node', 'native'] as const
export type EngineName = (typeof ENGINES)[number]

/** What sockets are moved by, other than TLS; `undefined` is what the packages take by themselves. */
export type SocketEngine = (StreamEngine & UdpEngine & UnixgramEngine) | undefined

export const engineOf = (name: EngineName): SocketEngine => (name === 'native' ? native : undefined)

export const isAvailable = (name: EngineName): boolean => name === 'node' || native.available
