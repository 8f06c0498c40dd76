import type { DatagramEngine, Engine } from '@sock/core'

/** The engine of `@sock/native`, where it is part of this clone and was compiled. */
export async function loadNativeEngine(): Promise<(Engine & DatagramEngine) | undefined> {
  try {
    const { engine } = await import('@sock/native')
    return engine.available ? engine : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}
