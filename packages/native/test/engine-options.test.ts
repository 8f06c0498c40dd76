import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { assertNothingLeft, takeInventory, type Inventory } from '@sock/testing'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createEngine, type NativeSocket } from '../src/index.js'
import { describeNative, itIf } from './support/needs.js'
import { createPair, listenOnIp, Witness } from './support/pair.js'

let before: Inventory
beforeEach(() => {
  before = takeInventory(() => [])
})
afterEach(() => assertNothingLeft(before, () => []))

const isRoot = process.getuid?.() === 0
/** Bits of net.ipv4.tcp_fastopen: 1 for clients, 2 for servers. */
const fastOpen = Number(readFileSync('/proc/sys/net/ipv4/tcp_fastopen', 'utf8'))

describe('createEngine()', () => {
  it.each([
    [{ tcpUserTimeout: 0 }, RangeError, '"tcpUserTimeout"'],
    [{ tcpUserTimeout: '1' }, TypeError, '"tcpUserTimeout"'],
    [{ tcpDeferAccept: 0.5 }, RangeError, '"tcpDeferAccept"'],
    [{ tcpFastOpen: true }, TypeError, '"tcpFastOpen"'],
    [{ busyPoll: -1 }, RangeError, '"busyPoll"'],
    [{ datagramSpin: -1 }, RangeError, '"datagramSpin"'],
    [{ datagramSpin: 1001 }, RangeError, '"datagramSpin"'],
    [{ datagramSpin: true }, TypeError, '"datagramSpin"'],
    [{ buzyPoll: 1 }, TypeError, 'Unknown option "buzyPoll"'],
    [1, TypeError, 'createEngine options'],
  ])('createEngine() throws for %j, and names it', (options, kind, name) => {
    expect(() => createEngine(options as never)).toThrow(kind)
    expect(() => createEngine(options as never)).toThrow(name)
  })
})

describeNative('createEngine()', () => {
  it('tcpUserTimeout ends a connection whose peer takes nothing', async () => {
    const { ours, peer, witness } = await createPair(createEngine({ tcpUserTimeout: 300 }))
    expect((ours.socket as NativeSocket).getOption('userTimeout')).toBe(300)
    peer.pause()
    // More than both sides have room for: the peer's window closes, and stays closed.
    ours.write(Buffer.alloc(32_000_000))
    await witness.has('closed')
    expect(witness.error).toMatchObject({ code: 'ETIMEDOUT' })
    peer.destroy()
  })

  it('tcpDeferAccept accepts a peer once it has sent something', async () => {
    const { listener, port, accepted, next } = await listenOnIp(createEngine({ tcpDeferAccept: 5000 }))
    const silent = connect(port, '127.0.0.1')
    await once(silent, 'connect')
    const talker = connect(port, '127.0.0.1')
    const coming = next()
    talker.write('first')
    const witness = new Witness()
    const port1 = await coming
    port1.start(witness)
    await witness.until(({ bytes }) => bytes === 5)
    expect(accepted).toHaveLength(1)
    silent.destroy()
    talker.destroy()
    port1.destroy()
    await listener.close()
  })

  const whereAllowed = itIf((fastOpen & 3) === 3, 'net.ipv4.tcp_fastopen does not allow it')
  whereAllowed(
    'tcpFastOpen takes data with the first packet of a peer that has connected before',
    async () => {
      const used = createEngine({ tcpFastOpen: 16 })
      const { listener, port, next } = await listenOnIp(used)
      const counted = passiveFastOpens()
      for (let round = 0; round < 2; round++) {
        const coming = next()
        const client = await used.connectStream({ kind: 'ip', host: '127.0.0.1', port }, { highWaterMark: 1 })
        client.start(new Witness())
        client.write(Buffer.from('early'))
        const witness = new Witness()
        const accepted = await coming
        accepted.start(witness)
        await witness.until(({ bytes }) => bytes === 5)
        client.destroy()
        accepted.destroy()
      }
      expect(passiveFastOpens()).toBeGreaterThan(counted)
      await listener.close()
    },
  )

  it('tcpFastOpen lets a client connect with its first write', async () => {
    const used = createEngine({ tcpFastOpen: 16 })
    const { listener, port, next } = await listenOnIp(used)
    const coming = next()
    const client = await used.connectStream({ kind: 'ip', host: '127.0.0.1', port }, { highWaterMark: 1 })
    expect(client.socket.getOption('fastOpenConnect')).toBe(1)
    client.write(Buffer.from('x'))
    const accepted = await coming
    client.destroy()
    accepted.destroy()
    await listener.close()
  })

  const asRoot = itIf(isRoot, 'needs root')
  asRoot('busyPoll is set on accepted sockets', async () => {
    const { ours, peer, witness } = await createPair(createEngine({ busyPoll: 50 }))
    expect((ours.socket as NativeSocket).getOption('busyPoll')).toBe(50)
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('without options of createEngine(), sockets are as the system makes them, and as servers want them', async () => {
    const { ours, peer, witness } = await createPair()
    const socket = ours.socket as NativeSocket
    expect(socket.getOption('noDelay')).toBe(1)
    expect(socket.getOption('keepAlive')).toBe(0)
    expect(socket.getOption('userTimeout')).toBe(0)
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })
})

/** How many connections of this machine's servers have begun with data (TcpExt in /proc/net/netstat). */
function passiveFastOpens(): number {
  const lines = readFileSync('/proc/net/netstat', 'utf8').split('\n')
  const [names, values] = lines.filter((line) => line.startsWith('TcpExt:')).map((line) => line.split(' '))
  return Number(values?.[names?.indexOf('TCPFastOpenPassive') ?? -1])
}
