import type { DatagramChannel } from '@sock/core'
import { describe, expect, it } from '@jest/globals'
import { rejection, until } from '@sock/tools/testing/wait'
import { bindPeer, echo, serve } from './support/sockets.js'

describe('createUdpServer with a function that loops for ever', () => {
  it('createUdpServer() with a function that loops for ever runs it once for all datagrams of all senders', async () => {
    let runs = 0
    const { address } = await serve(async (channel) => {
      runs += 1
      await echo(channel)
    })
    const peers = [await bindPeer(), await bindPeer()]
    for (const text of ['one', 'two', 'three']) {
      for (const peer of peers) {
        peer.send(text, address)
        expect(String(await peer.next())).toBe(text)
      }
    }
    expect(runs).toBe(1)
  })

  it('createUdpServer() with a function that loops for ever runs it again after it has thrown, and reports the error with the channel', async () => {
    const { server, address, errors } = await serve(async (channel) => {
      for await (const data of channel) {
        if (String(data) === 'bad') throw new Error('bad datagram')
        await channel.write(data)
      }
    })
    const channels: (DatagramChannel | undefined)[] = []
    server.on('error', (_, channel) => void channels.push(channel))
    const peer = await bindPeer()
    peer.send('bad', address)
    peer.send('good', address)
    expect(String(await peer.next())).toBe('good')
    expect(errors.map(({ message }) => message)).toEqual(['bad datagram'])
    expect(channels[0]?.localAddress).toEqual(address)
    expect(server.stats().handlerErrors).toBe(1)
    expect(server.state).toBe('listening')
  })
})

describe('createUdpServer with a function that reads one, replies and returns', () => {
  it('createUdpServer() with a function that reads one, replies and returns runs it once per datagram, one run at a time, also when they come faster', async () => {
    let runs = 0
    let running = 0
    let most = 0
    const { address } = await serve(async (channel) => {
      runs += 1
      most = Math.max(most, ++running)
      const data = await channel.read()
      await new Promise(setImmediate)
      if (data !== null) await channel.write(data)
      running -= 1
    })
    const peer = await bindPeer()
    const texts = Array.from({ length: 20 }, (_, index) => `${index}`)
    for (const text of texts) peer.send(text, address)
    for (const text of texts) expect(String(await peer.next())).toBe(text)
    expect([runs, most]).toEqual([20, 1])
  })

  it('createUdpServer() with a function that reads one, replies and returns runs it also if it is not asynchronous', async () => {
    const { address } = await serve((channel) => {
      void channel.receive().then((datagram) => datagram?.reply(datagram.data))
    })
    const peer = await bindPeer()
    for (const text of ['a', 'b']) peer.send(text, address)
    expect([String(await peer.next()), String(await peer.next())]).toEqual(['a', 'b'])
  })

  it.each<[string, () => unknown, unknown]>([
    [
      'throws',
      () => {
        throw new Error('thrown')
      },
      'thrown',
    ],
    ['rejects', () => Promise.reject(new Error('rejected')), 'rejected'],
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what users may do
    ['rejects with what is no error', () => Promise.reject('a string'), 'a string'],
  ])('goes on after one that %s', async (_, fail, message) => {
    let runs = 0
    const { address, server, errors } = await serve(async (channel) => {
      const data = await channel.read()
      if (++runs === 1) await fail()
      if (data !== null) await channel.write(data)
    })
    const peer = await bindPeer()
    for (const text of ['first', 'second']) peer.send(text, address)
    expect(String(await peer.next())).toBe('second')
    expect(errors.map((error) => error.message)).toEqual([message])
    expect(errors[0]).toBeInstanceOf(Error)
    expect(server.stats().handlerErrors).toBe(1)
  })
})

describe('createUdpServer with a function that does not read', () => {
  it.each<[string, (channel: DatagramChannel) => unknown]>([
    ['returns', () => undefined],
    ['resolves later', () => new Promise(setImmediate)],
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['closes the channel', (channel) => channel.close()],
  ])('drops the datagram it was called for and counts it, if it %s', async (_, act) => {
    let runs = 0
    const { address, server } = await serve((channel) => {
      runs += 1
      return act(channel) as void
    })
    const peer = await bindPeer()
    for (let count = 0; count < 5; count++) peer.send('x', address)
    await until(() => server.stats().datagramsReceived === 5 && runs === 5, 'five runs')
    // One that would spin had run more often by now.
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(runs).toBe(5)
    await until(() => server.stats().datagramsDropped.unread === 5, 'the last one is dropped')
    expect(server.stats().datagramsDropped).toMatchObject({ unread: 5, queueFull: 0, closing: 0 })
    expect(server.state).toBe('listening')
  })

  it('createUdpServer() with a function that does not read leaves no read behind that takes what the next run is for', async () => {
    const seen: string[] = []
    let stale: Promise<Buffer | null> | undefined
    const { address } = await serve(async (channel) => {
      seen.push(String(await channel.read()))
      // No code waits for this one.
      stale ??= channel.read()
    })
    const peer = await bindPeer()
    peer.send('a', address)
    await until(() => stale !== undefined, 'the first run is over')
    expect(await stale).toBe(null)
    for (const text of ['b', 'c']) peer.send(text, address)
    await until(() => seen.length === 3, 'three runs')
    expect(seen).toEqual(['a', 'b', 'c'])
  })
})

describe('DatagramChannel.close in a handler', () => {
  it('ends the run and not the server', async () => {
    const states: unknown[] = []
    const { address, server } = await serve(async (channel) => {
      const data = await channel.read()
      await channel.write(data ?? '')
      await channel.close()
      const { code } = await rejection(channel.write('too late'))
      states.push([channel.isOpen, code, await channel.read(), await channel.receive()])
    })
    const peer = await bindPeer()
    for (const text of ['one', 'two']) {
      peer.send(text, address)
      expect(String(await peer.next())).toBe(text)
    }
    await until(() => states.length === 2, 'both runs are over')
    const expected = [false, 'ERR_SOCK_CLOSED', null, null]
    expect(states).toEqual([expected, expected])
    expect([server.state, server.openConnections]).toEqual(['listening', 1])
  })

  it('ends a loop of the same run, once what was sent has left', async () => {
    let runs = 0
    const { address } = await serve(async (channel) => {
      runs += 1
      for await (const data of channel) {
        void channel.write(data)
        await channel.close()
      }
    })
    const peer = await bindPeer()
    for (const text of ['one', 'two', 'three']) peer.send(text, address)
    for (const text of ['one', 'two', 'three']) expect(String(await peer.next())).toBe(text)
    expect(runs).toBe(3)
  })

  it('DatagramChannel.close() in a handler wakes a read that waits in the same run', async () => {
    const ended: unknown[] = []
    const { address, server } = await serve(async (channel) => {
      await channel.read()
      const waiting = channel.read()
      await channel.close()
      ended.push(await waiting)
    })
    const peer = await bindPeer()
    peer.send('x', address)
    await until(() => ended.length === 1, 'the read ends')
    expect(ended).toEqual([null])
    expect(server.state).toBe('listening')
  })

  it('DatagramChannel.close() in a handler is what `await using` does at the end of a run', async () => {
    const { address, server } = await serve(async (channel) => {
      await using mine = channel
      await mine.write((await mine.read()) ?? '')
    })
    const peer = await bindPeer()
    for (const text of ['one', 'two']) {
      peer.send(text, address)
      expect(String(await peer.next())).toBe(text)
    }
    expect(server.state).toBe('listening')
  })

  it('DatagramChannel.close() in a handler keeps answers to datagrams of earlier runs possible', async () => {
    let release = (): void => undefined
    let first = true
    const { address } = await serve(async (channel) => {
      const datagram = await channel.receive()
      if (first) {
        first = false
        setImmediate(() => void datagram?.reply('late').then(release))
        return
      }
      await channel.close()
      await new Promise<void>((resolve) => (release = resolve))
    })
    const peer = await bindPeer()
    for (const text of ['one', 'two']) peer.send(text, address)
    expect(String(await peer.next())).toBe('late')
  })
})
