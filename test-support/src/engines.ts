import { describe } from '@jest/globals'

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
  return native.available ? describe : describe.skip
}

/** The default engine, and the native one. */
export function testedEngines<Engine>(
  native: Engine & { readonly available: boolean },
): readonly TestedEngine<Engine>[] {
  return [
    { name: '', options: {}, describe },
    { name: ' with the native engine', options: { engine: native }, describe: describeWith(native) },
  ]
}
