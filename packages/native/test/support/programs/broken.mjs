// Breaks something intentionally, and must be ended by a check: `broken.mjs <what> <binary>`.
import { createRequire } from 'node:module'
import {
  EVENT_WIDTH,
  header,
  MAX_EVENTS,
  MAX_OPERATIONS,
  MAX_SENDS,
  SENDS_AT,
} from '../../../dist/lib/numbers.js'
import { tell } from './tools.mjs'

const { createEngine } = createRequire(import.meta.url)(process.argv[3])
const addon = createEngine()
const { shared } = addon.start(
  () => {},
  () => {},
  16,
)
const memory = new Int32Array(shared)
const sends = new Int32Array(addon.startSendBatch()[0])
const OPERATION = EVENT_WIDTH + MAX_EVENTS * EVENT_WIDTH

function gather(slot, offset, length) {
  memory.set([slot, offset, length], OPERATION)
  memory[header.operations] = 1
}

const breaks = {
  kind: () => gather(addon.listenIp({}, 1, '127.0.0.1', 0, false, false), 0, 1),
  offset: () => gather(addon.connectIp({}, '127.0.0.1', 9), 2 ** 18, 1),
  length: () => gather(addon.connectIp({}, '127.0.0.1', 9), 0, -1),
  count: () => (memory[header.operations] = MAX_OPERATIONS + 1),
  dropped() {
    memory[header.operations] = MAX_OPERATIONS + 1
    addon.close(addon.connectIp({}, '127.0.0.1', 9), false)
  },
  sends: () => (sends[0] = MAX_SENDS + 1),
  datagram() {
    sends.set([addon.openDatagram(4, {}, 0), 65_536, 1, 0], SENDS_AT)
    sends[0] = 1
  },
}
breaks[process.argv[2]]()
addon.flush()
addon.flushSendBatch()
tell('it went on')
process.exit()
