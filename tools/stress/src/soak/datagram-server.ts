import type { DatagramHandler } from '@sock/core'
import { createUdpServer } from '@sock/udp'
import { createUnixgramServer } from '@sock/unixgram'
import type { SocketEngine } from './engines.js'
import { BURST_FROM, decode, encode, FrameError } from './frames.js'
import type { ServerRecord } from './messages.js'
import { PlannedFailure } from './stream-server.js'
import type { DatagramName } from './transports.js'

/** What the handler of one server needs, and tells. */
export interface DatagramDesk {
  readonly name: DatagramName
  readonly handled: () => void
  readonly replied: (isSent: boolean) => void
  readonly thrown: () => void
  readonly report: (record: ServerRecord) => void
}

/** Little enough for floods to fill it. */
const OPTIONS = { maxQueuedBytes: 256 * 1024 }

/** Callbacks on udp, a function on unixgram: the two forms of handlers have to hold. */
export function createServerOf(desk: DatagramDesk, engine: SocketEngine) {
  if (desk.name === 'udp') return createUdpServer(callbacks(desk), { ...OPTIONS, engine })
  return createUnixgramServer(loop(desk), { ...OPTIONS, engine })
}

function callbacks(desk: DatagramDesk): DatagramHandler {
  return {
    data: (channel, data) => take(desk, data, (bytes) => channel.write(bytes)),
  }
}

function loop(desk: DatagramDesk): DatagramHandler {
  return async (channel) => {
    for await (const datagram of channel.datagrams()) {
      // Not awaited: one client that does not read would hold up all others.
      void take(desk, datagram.data, (bytes) => datagram.reply(bytes))
    }
  }
}

/** Takes one datagram, at once. The promise is of its answer, and never rejects. @throws PlannedFailure if asked to fail */
function take(desk: DatagramDesk, data: Buffer, reply: (answer: Buffer) => Promise<void>): Promise<void> {
  desk.handled()
  const { op, session, sequence, wanted, payload } = read(desk, data)
  const { name } = desk
  const report = (delivered: number, written: number): void =>
    desk.report({ side: 'server', transport: name, session, delivered, written, end: 'open' })
  report(payload.length, 0)
  if (op === 'throw') {
    desk.thrown()
    throw new PlannedFailure('asked to fail')
  }
  if (op === 'burst') return answerMany(desk, session, wanted, reply, report)
  return answer(desk, reply(encode('ack', session, sequence, wanted)), () => report(0, wanted))
}

/** Small ones, which the native engine gathers, and now and then one that is too large for that, which must not overtake them. */
async function answerMany(
  desk: DatagramDesk,
  session: number,
  count: number,
  reply: (answer: Buffer) => Promise<void>,
  report: (delivered: number, written: number) => void,
): Promise<void> {
  const sends = Array.from({ length: count }, (_, sequence) => {
    const length = sequence % 8 === 7 ? 3_000 : 48
    return answer(desk, reply(encode('ack', session, BURST_FROM + sequence, length)), () => report(0, length))
  })
  await Promise.all(sends)
}

async function answer(desk: DatagramDesk, replying: Promise<void>, sent: () => void): Promise<void> {
  try {
    await replying
    desk.replied(true)
    sent()
  } catch {
    // The sender is gone or does not read: that is counted by the server too, and compared.
    desk.replied(false)
  }
}

function read(desk: DatagramDesk, data: Buffer) {
  try {
    return decode(data)
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    desk.thrown()
    throw new PlannedFailure(error.message)
  }
}
