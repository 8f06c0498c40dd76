/**
 * Runs `create`; the errors that it creates record no stack. For errors that the event loop reports: their stack has no
 * code of the program, and recording it is most of what they cost.
 *
 * @returns what `create` returns
 */
export function withoutStack<E extends Error>(create: () => E): E {
  const { stackTraceLimit } = Error
  // Not an assignment: that would throw where `--frozen-intrinsics` has made the property constant.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return create()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
