import { bareEngine, engines } from './addon.mjs'

/*
 * Calls of the addon that the package would never make: with slots that are closed, of another kind, or none; with values of
 * wrong types, numbers out of range, and memory that was transferred. Each must answer or throw. None may disturb the sockets of
 * the player, so those that would be legal are left out.
 */

const bytes = (random) =>
  random.one([
    () => detached(),
    () => Buffer.alloc(random.below(9000)),
    () => new Float64Array(3),
    () => new DataView(new ArrayBuffer(8)),
    () => anything(random),
  ])()
const list = (random) =>
  random.one([
    () => Array.from({ length: random.below(200) }, () => bytes(random)),
    () => Array.from({ length: 1 + random.below(100) }, () => detached()),
    () => [detached(), , Buffer.alloc(3)], // oxlint-disable-line no-sparse-arrays -- on purpose
    () => ({ length: 2 ** 32 }),
    () => anything(random),
  ])()
const host = (random) =>
  random.one([
    () => random.one(['127.0.0.1', '::1', 'fe80::1%lo', 'fe80::1%99999999999', '224.0.0.1', 'localhost', '']),
    () => 'f'.repeat(random.below(600)),
    () => `fe80::1%${'x'.repeat(random.below(200))}`,
    () => '127.0.0.1\0x',
    () => anything(random),
  ])()
const path = (random) =>
  random.one([
    () => Buffer.alloc(random.below(300)),
    () => Buffer.alloc(random.below(300), '/no/such/path'),
    () => detached(),
    () => anything(random),
  ])()
const options = (random) =>
  random.one([
    () => ({ receiveBuffer: number(random), noDelay: anything(random) }),
    () => ({ unknown: 1, [Symbol('none')]: 2, passCredentials: number(random) }),
    () => Object.defineProperty({}, 'sendBuffer', { enumerable: true, get: () => random.one([]) }),
    () => anything(random),
  ])()
const option = (random) => random.one(['receiveBuffer', 'noDelay', 'unknown', '', '\0', anything(random)])
const flag = (random) => random.one([true, false, anything(random)])
const family = (random) => random.one([1, 4, 6, 0, -1, number(random)])

/** The arguments of each function, and the kind that its slot must have. */
const FUNCTIONS = {
  send: ['stream', bytes],
  sendQueue: ['stream', list, number],
  awaitRoom: ['stream'],
  setReading: ['stream', flag],
  setReusing: ['stream', flag],
  shutdown: ['stream'],
  close: ['any', flag],
  setReferenced: ['any', flag],
  name: ['any', flag],
  credentials: ['any'],
  setAccepting: ['listener', flag],
  getOption: ['any', option],
  setOptions: ['any', options],
  descriptor: ['any'],
  connectIp: ['none', options, host, number],
  connectPath: ['none', options, path],
  listenIp: ['none', options, number, host, number, flag, flag],
  listenPath: ['none', options, number, path],
  openDatagram: ['none', family, options, number],
  bindIp: ['datagram', host, number],
  dialIp: ['datagram', host, number],
  bindPath: ['datagram', path],
  dialPath: ['datagram', path],
  joinGroup: ['datagram', host, host],
  multicastFrom: ['datagram', host],
  setReceiving: ['datagram', flag],
  awaitSendRoom: ['datagram'],
  sendDatagram: ['datagram', bytes, number],
  sendDatagramToIp: ['datagram', bytes, host, number],
  sendDatagramToPath: ['datagram', bytes, path],
  kernelDrops: ['datagram'],
}
/** Not for an engine in use: the package must see what they return. */
const BATCHES = ['start', 'start', 'flush', 'startSendBatch', 'flushSendBatch']
const OPENS = /^(connect|listen|open)/
const NEEDS_START = /^(connect|listen|open|startSend)/
/** These may be called with any slot: they only tell something. */
const HARMLESS = ['name', 'credentials', 'getOption', 'descriptor', 'kernelDrops']

function anything(random) {
  return random.one([
    undefined,
    null,
    '',
    'x',
    1n,
    true,
    {},
    [],
    Symbol('x'),
    () => {},
    new Date(),
    /x/,
    -1,
    0.5,
  ])
}

function number(random) {
  return random.one([
    -1,
    0,
    1,
    0.5,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    2 ** 53,
    65_535,
    65_536,
    random.below(2 ** 30),
    anything(random),
  ])
}

function detached() {
  const memory = new Uint8Array(64)
  structuredClone(memory.buffer, { transfer: [memory.buffer] })
  return memory
}

/** A slot that a function with this kind of slot has nothing to do with. */
function wrongSlot(random, slots, wanted) {
  const [slot, kind] = random.one([...slots]) ?? []
  if (slot !== undefined && wanted !== 'any' && kind !== wanted && random.chance(0.5)) return slot
  const value = random.one([number(random), random.below(64), 1_000_000 + random.below(2 ** 20)])
  // The addon may round it, and so hit a slot that is in use.
  return typeof value === 'number' && slots.has(value | 0) ? -1 : value
}

function call(random, addon, name, args) {
  let result
  try {
    result = addon[name](...args)
  } catch (error) {
    if (!(error instanceof Error)) throw error
  }
  if (OPENS.test(name) && result >= 0) addon.close(result, random.chance(0.5))
  return result
}

/** Calls a function of an engine that is in use. */
export function callGarbage(random) {
  const { addon, slots } = random.one(engines)
  const name = random.one(Object.keys(FUNCTIONS))
  const [wanted, ...kinds] = FUNCTIONS[name]
  const args = kinds.map((kind) => kind(random))
  if (wanted !== 'none') {
    const isHarmless = HARMLESS.includes(name) && random.chance(0.5)
    args.unshift(isHarmless ? random.one([...slots.keys()]) : wrongSlot(random, slots, wanted))
  }
  if (random.chance(0.1)) args.length = random.below(args.length + 1)
  call(random, addon, name, args)
}

/**
 * Calls functions of an engine in any order: also before it is started, and started twice. What needs its memory, as
 * sockets do for their events, would end the process before: that is left out.
 */
export function callBare(random) {
  const addon = bareEngine()
  let isStarted = false
  for (let count = random.below(12); count > 0; count--) {
    const name = random.one([...Object.keys(FUNCTIONS), ...BATCHES])
    const [wanted, ...kinds] = FUNCTIONS[name] ?? ['none']
    const args = kinds.map((kind) => kind(random))
    if (wanted !== 'none') args.unshift(wrongSlot(random, new Map(), 'any'))
    if (name === 'start')
      args.push(
        random.one([() => {}, anything(random)]),
        number(random),
        random.one([() => {}, anything(random)]),
      )
    if (isStarted || !NEEDS_START.test(name))
      isStarted = call(random, addon, name, args)?.shared !== undefined || isStarted
  }
}
