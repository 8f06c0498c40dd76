import type { DatagramChannel } from '@sock/core'
import { randomBytes } from 'node:crypto'
import { encode } from './frames.js'
import type { DatagramAct, Load } from './load.js'
import { pause } from './pause.js'
import { connectDatagramTo, type DatagramName } from './transports.js'

/** More than any datagram can have: 65,507 bytes of UDP over IPv4, and what a Unix socket buffers (unix(7)). */
const OVERSIZE = 5 * 1024 * 1024
/** What UDP takes at most, and a Unix socket too. */
const LARGEST = 65_507

/** Senders that do what senders must not do. None reads its answers. */
export const rudeDatagrams: Readonly<Record<string, DatagramAct>> = {
  oversize: act(async (channel) => {
    const tooLarge = await channel.write(Buffer.alloc(OVERSIZE)).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ERR_SOCK_MESSAGE_TOO_LARGE',
    )
    if (!tooLarge) throw new Error('a datagram that is too large was not refused')
    await channel.write(Buffer.alloc(LARGEST)).catch(ignore)
  }),

  flood: act(async (channel, load) => {
    const session = load.nextSession()
    const sends: Promise<void>[] = []
    for (let sequence = 0; sequence < 300; sequence += 1) {
      sends.push(channel.write(encode('data', session, sequence, 1_000, 100)))
    }
    await Promise.allSettled(sends)
    report(load, channel, session, 300_000)
  }),

  /** Gone before the answer comes. */
  abrupt: act(async (channel, load) => {
    const session = load.nextSession()
    void channel.write(encode('data', session, 0, 100, 1_000)).catch(ignore)
    report(load, channel, session, 100)
  }),

  failing: act(async (channel, load) => {
    const session = load.nextSession()
    await channel.write(encode('throw', session, 0, 10)).catch(ignore)
    report(load, channel, session, 10)
  }),

  garbage: act(async (channel, load) => {
    for (let count = load.random.integer(1, 5); count > 0; count -= 1) {
      await channel.write(randomBytes(load.random.integer(0, 3_000))).catch(ignore)
    }
  }),

  /** Stays for a while with a full queue, so that the server's answers have no place to go. */
  stall: act(async (channel, load) => {
    const session = load.nextSession()
    for (let sequence = 0; sequence < 40; sequence += 1) {
      await channel.write(encode('data', session, sequence, 100, 8_000)).catch(ignore)
    }
    await pause(load.random.integer(100, 2_000), load.stop)
    report(load, channel, session, 4_000)
  }),
}

type Rude = (channel: DatagramChannel, load: Load) => Promise<void>

function act(rude: Rude): DatagramAct {
  return async (load, name, place) => {
    let channel
    try {
      // It takes one datagram in; the others wait with the system, or are lost.
      channel = await connectDatagramTo(name, place, load, { maxQueuedBytes: 1 })
    } catch {
      load.count(`${name} refused`)
      return
    }
    await rude(channel, load)
    await channel.close().catch(ignore)
  }
}

function report(load: Load, channel: DatagramChannel, session: number, sent: number): void {
  const transport = channel.transport as DatagramName
  load.report({ transport, session, sent, acknowledged: 0, received: 0, polite: false, end: 'broken' })
}

function ignore(): void {}
