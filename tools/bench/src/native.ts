import type { DatagramEngine, Engine } from '@sock/core'

type NativeEngine = Engine & DatagramEngine

let loading: Promise<NativeEngine | undefined> | undefined

/** The engine of `@sock/native`, where it is part of this clone and was compiled. */
export function loadNativeEngine(): Promise<NativeEngine | undefined> {
  return (loading ??= load())
}

async function load(): Promise<NativeEngine | undefined> {
  try {
    const { engine } = await import('@sock/native')
    return engine.available ? engine : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}
