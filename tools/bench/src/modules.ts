import type { StreamEngine } from '@sock/core'
import type { UdpEngine } from '@sock/udp'
import type { UnixgramEngine } from '@sock/unixgram'
import { createRequire } from 'node:module'

export type Engine = StreamEngine & UdpEngine & UnixgramEngine

/** The engine of `@sock/native`, if it is compiled. */
export const nativeEngine: Engine | undefined = await loadEngine()

async function loadEngine(): Promise<Engine | undefined> {
  try {
    const { engine } = await import('@sock/native')
    return engine.available ? engine : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** The part of `unix-dgram` that the harness uses; the package has no types. */
interface UnixDgram {
  createSocket(
    type: 'unix_dgram',
    received: (data: Buffer, sender: { path: string }) => void,
  ): UnixDgramSocket
}

interface UnixDgramSocket {
  on(event: 'error', listener: (error: Error) => void): this
  on(event: 'writable', listener: () => void): this
  bind(path: string): void
  connect(path: string): void
  /** After `connect()`. */
  send(data: Uint8Array, done: (error?: Error) => void): void
  send(data: Uint8Array, offset: number, length: number, path: string, done: (error?: Error) => void): void
  close(): void
}

/** Loads the same copy that `@sock/unixgram` uses, so that both sides of the comparison use it. */
export function loadUnixDgram(): UnixDgram {
  const require = createRequire(import.meta.resolve('@sock/unixgram'))
  try {
    return require('unix-dgram') as UnixDgram
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_DLOPEN_FAILED') throw error
    const message = `unix-dgram is not built for Node ${process.version}: run this in a clone whose dependencies were installed with it`
    throw new Error(message, { cause: error })
  }
}
