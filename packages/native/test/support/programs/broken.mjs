// Breaks something intentionally, and must be ended by a check: `broken.mjs <what>`.
import { createRequire } from 'node:module'
import { EVENT_WIDTH, header, MAX_EVENTS, MAX_OPERATIONS } from '../../../dist/lib/numbers.js'
import { tell } from './tools.mjs'

const { createEngine } = createRequire(import.meta.url)('../../../build/sock_native.node')
const addon = createEngine()
const { shared } = addon.start(() => {}, 16)
const memory = new Int32Array(shared)
const OPERATION = EVENT_WIDTH + MAX_EVENTS * EVENT_WIDTH

function gather(slot, offset, length) {
  memory.set([slot, offset, length], OPERATION)
  memory[header.operations] = 1
}

const breaks = {
  kind: () => gather(addon.listenIp({}, 1, '127.0.0.1', 0, false, false), 0, 1),
  offset: () => gather(addon.connectIp({}, '127.0.0.1', 9), 2 ** 18, 1),
  count: () => (memory[header.operations] = MAX_OPERATIONS + 1),
}
breaks[process.argv[2]]()
addon.flush()
tell('it went on')
process.exit()
