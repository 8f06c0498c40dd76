function throws(): never {
  throw new Error('this value cannot be read')
}

/** Values that a program may throw, or abort a signal with, by name: anything. */
export const anyValues: Readonly<Record<string, unknown>> = {
  'a string': 'stop',
  'an empty string': '',
  'a number': 42,
  false: false,
  null: null,
  'a symbol': Symbol('stop'),
  'a function': () => undefined,
  'an object': { stop: true },
  'an object without a prototype': Object.create(null),
  'a frozen object': Object.freeze({ code: 'ECONNREFUSED', syscall: 'connect' }),
  'a frozen error': Object.freeze(Object.assign(new Error('stop'), { code: 'E', syscall: 'connect' })),
  'an error whose parts throw': Object.defineProperties(new Error('stop'), {
    message: { get: throws },
    code: { get: throws },
    cause: { get: throws },
  }),
  'an error whose parts are constant': Object.defineProperties(new Error('stop'), {
    message: { value: 'stop', configurable: false },
    stack: { value: '', configurable: false },
    code: { value: 'ECONNREFUSED' },
    syscall: { value: 'connect' },
  }),
  'an object whose parts throw': Object.defineProperties(
    {},
    { message: { get: throws }, code: { get: throws } },
  ),
  'a proxy that throws': new Proxy(new Error('stop'), {
    get: throws,
    has: throws,
    getPrototypeOf: throws,
    isExtensible: throws,
    defineProperty: throws,
    getOwnPropertyDescriptor: throws,
    ownKeys: throws,
  }),
}
