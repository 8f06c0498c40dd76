/** Whether two types are the same, and not only fit each other. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only for `true`, so `typed<Same<A, B>>()` is a test of types. Nothing runs it. */
export declare function typed<_T extends true>(): void
