import { describe } from '@jest/globals'
import { describeIf } from './needs.js'

/** An engine for the tests of a transport, and what describes its tests. */
export interface TestedEngine<Engine> {
  /** Is appended to the name of a `describe`. */
  readonly name: string
  /** Options of servers and clients. */
  readonly options: { readonly engine?: Engine }
  /** Skips the tests visibly if the engine is not available. */
  readonly describe: typeof describe.skip
}

/** Like `describe`, but skips the tests if the native engine is not available. */
export function describeWith(native: { readonly available: boolean }): typeof describe.skip {
  return describeIf(native.available, 'the native engine is not available; it needs a C compiler')
}

/** The default engine, and the native one. @param describeDefault skips the tests of the default engine where that is missing */
export function testedEngines<Engine>(
  native: Engine & { readonly available: boolean },
  describeDefault: typeof describe.skip = describe,
): readonly TestedEngine<Engine>[] {
  return [
    { name: '', options: {}, describe: describeDefault },
    { name: ' with the native engine', options: { engine: native }, describe: describeWith(native) },
  ]
}
