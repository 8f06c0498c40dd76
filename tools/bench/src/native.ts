import type { StreamEngine } from '@sock/core'
import type { UdpEngine } from '@sock/udp'
import type { UnixgramEngine } from '@sock/unixgram'

type NativeEngine = StreamEngine & UdpEngine & UnixgramEngine

/** The engine of `@sock/native`, where it is part of this clone and was compiled. */
export const nativeEngine: NativeEngine | undefined = await load()

/** What can move the bytes of the load generator. */
export const GENERATORS = ['node', 'native'] as const
export type GeneratorName = (typeof GENERATORS)[number]

async function load(): Promise<NativeEngine | undefined> {
  try {
    const { engine } = await import('@sock/native')
    return engine.available ? engine : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}
