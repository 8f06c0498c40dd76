import { describe } from '@jest/globals'
import { engine } from '@sock/native'
import type { UdpEngine } from '../../src/index.js'

/** Like `describe`, where the native engine can be used; elsewhere its tests are skipped, and are seen to be. */
export const describeNative: typeof describe.skip = engine.available ? describe : describe.skip

/** Each engine, and what describes its tests. */
export const engines: readonly {
  readonly name: string
  readonly options: { readonly engine?: UdpEngine }
  readonly describe: typeof describe.skip
}[] = [
  { name: '', options: {}, describe },
  { name: ' with the native engine', options: { engine }, describe: describeNative },
]
