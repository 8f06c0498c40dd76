import { isSockError } from '@sock/core'
import assert from 'node:assert/strict'
import { gate, pattern, readAll, readExactly, untilStopped } from '../handlers.js'
import { defineSuite } from '../stage.js'
import { eventually, rejectsWith, soon } from '../wait.js'

const MIB = 1024 * 1024

/** Rules for one direction, from a writer to a reader. */
export const oneWay = defineSuite('one way', {
  'write() arrives whole and in order, whatever the sizes': async (stage) => {
    const got = gate<Buffer>()
    const { connect } = await stage.serve(async (connection) => got.open(await readAll(connection)))
    const client = await connect()
    const sizes = [1, 2, 3, 1000, 1, 65_535, 65_536, 65_537, 7, MIB]
    const sent = pattern(sizes.reduce((sum, size) => sum + size, 0))
    let at = 0
    for (const size of sizes) {
      await client.write(sent.subarray(at, at + size))
      at += size
    }
    await soon(client.close(), 'close')
    assert.ok((await soon(got.opened, 'arrival')).equals(sent))
  },

  'write() sends strings as UTF-8': async (stage) => {
    const got = gate<Buffer>()
    const { connect } = await stage.serve(async (connection) => got.open(await readAll(connection)))
    const client = await connect()
    await client.write('grüße, 世界')
    await soon(client.close(), 'close')
    assert.equal(String(await soon(got.opened, 'arrival')), 'grüße, 世界')
  },

  'write() of nothing resolves and sends nothing': async (stage) => {
    const got = gate<Buffer>()
    const { connect } = await stage.serve(async (connection) => got.open(await readAll(connection)))
    const client = await connect()
    await client.write('')
    await client.write(new Uint8Array(0))
    assert.equal(client.bytesWritten, 0)
    await soon(client.close(), 'close')
    assert.equal((await soon(got.opened, 'end')).length, 0)
  },

  'write() of anything but bytes or a string rejects, and the connection stays open': async (stage) => {
    const { connect } = await stage.serve(async (connection) =>
      connection.write((await connection.read()) ?? ''),
    )
    const client = await connect()
    for (const wrong of [1, {}, null, undefined, [1, 2]]) {
      await assert.rejects(client.write(wrong as never), TypeError)
    }
    await client.write('still here')
    assert.equal(String(await soon(readAll(client), 'the end')), 'still here')
  },

  'write() waits while the peer does not read, and bytes stay within bounds (A6)': async (stage) => {
    const start = gate()
    const got = gate<number>()
    const { connect } = await stage.serve(async (connection) => {
      await start.opened
      got.open((await readAll(connection)).length)
    })
    const client = await connect({ highWaterMark: 16 * 1024 })
    const chunk = pattern(64 * 1024)
    let written = 0
    let isWaiting = false
    const writing = (async () => {
      for (; written < 64 * MIB; written += chunk.length) {
        const done = client.write(chunk)
        isWaiting = client.writableNeedDrain
        await done
      }
    })()
    let last = -1
    await eventually(() => {
      const [before, now] = [last, written]
      last = now
      assert.ok(isWaiting && before === now, 'the writer is not held back')
    })
    assert.ok(written < 32 * MIB, `${written} bytes went into a peer that does not read`)
    start.open()
    await soon(writing, 'writing')
    assert.equal(client.writableNeedDrain, false)
    await soon(client.close(), 'close')
    assert.equal(await soon(got.opened, 'arrival'), 64 * MIB)
  },

  'write() that nobody awaits keeps its order': async (stage) => {
    const got = gate<Buffer>()
    const { connect } = await stage.serve(async (connection) => got.open(await readAll(connection)))
    const client = await connect()
    const sent = pattern(400_000)
    for (let at = 0; at < sent.length; at += 1000) void client.write(sent.subarray(at, at + 1000))
    await soon(client.close(), 'close')
    assert.ok((await soon(got.opened, 'arrival')).equals(sent))
  },

  'write() after close() rejects with ERR_SOCK_CLOSED': async (stage) => {
    const { connect } = await stage.serve(async (connection) => void (await readAll(connection)))
    const client = await connect()
    const closing = client.close()
    assert.equal(client.isOpen, false)
    await assert.rejects(client.write('x'), { code: 'ERR_SOCK_CLOSED' })
    await soon(closing, 'closing')
    await assert.rejects(client.write('x'), { code: 'ERR_SOCK_CLOSED' })
    await assert.rejects(
      client.closeWrite().then(() => client.write('x')),
      { code: 'ERR_SOCK_CLOSED' },
    )
  },

  'read() gives null at the end, and again': async (stage) => {
    const { connect } = await stage.serve(async (connection) => connection.write('bye'))
    const client = await connect()
    assert.equal(String(await soon(client.read(), 'the input')), 'bye')
    assert.equal(await soon(client.read(), 'the input'), null)
    assert.equal(await soon(client.read(), 'the input'), null)
  },

  'read() while another one waits rejects, and the first still gets its chunk': async (stage) => {
    const { connect } = await stage.serve(async (connection) => {
      await connection.read()
      await connection.write('answer')
    })
    const client = await connect()
    const first = client.read()
    await assert.rejects(client.read(), { code: 'ERR_SOCK_INVALID_STATE' })
    await client.write('go')
    assert.equal(String(await first), 'answer')
  },

  'read() gives buffers that stay as they are': async (stage) => {
    const sent = pattern(3 * MIB)
    const { connect } = await stage.serve((connection) => connection.write(sent))
    const client = await connect()
    const kept: Buffer[] = []
    for (let chunk = await client.read(); chunk !== null; chunk = await client.read()) kept.push(chunk)
    assert.ok(Buffer.concat(kept).equals(sent))
  },

  'input that is not read stays with the peer': async (stage) => {
    const scene = await stage.serve(untilStopped, { highWaterMark: 16 * 1024 })
    const client = await scene.connect()
    const chunk = pattern(64 * 1024)
    for (let count = 0; count < 512; count++) void client.write(chunk)
    let last = -1
    await eventually(() => {
      const before = last
      last = scene.server.stats().bytesRead
      assert.ok(last > 0 && last === before, 'input goes on coming')
    })
    assert.ok(last <= MIB, `${last} bytes were taken in for nobody`)
  },

  'for await that is left early stops reading, and not writing': async (stage) => {
    const { connect } = await stage.serve(async (connection) => {
      for await (const chunk of connection) {
        assert.ok(chunk.length > 0)
        break
      }
      assert.equal(await connection.read(), null)
      await connection.write('enough')
    })
    const client = await connect()
    await client.write('one')
    assert.equal(String(await soon(readAll(client), 'the end')), 'enough')
  },

  'destroy() rejects pending operations, and the peer sees an end (E14)': async (stage) => {
    const ended = gate()
    const { connect, errors } = await stage.serve(async (connection) => {
      await connection.read()
      ended.open()
      await untilStopped(connection)
    })
    const client = await connect({ highWaterMark: 1024 })
    void client.write('hello')
    await soon(ended.opened, 'the first read')
    const reading = client.read()
    const reason = new Error('no more of this')
    let written = Promise.resolve()
    while (!client.writableNeedDrain) written = client.write(pattern(MIB))
    client.destroy(reason)
    await rejectsWith(reading, reason)
    await rejectsWith(written, reason)
    await assert.rejects(client.closeWrite(), { code: 'ERR_SOCK_CLOSED' })
    assert.equal(client.isOpen, false)
    client.destroy()
    assert.deepEqual(errors, [])
  },

  'destroy() without an error makes a waiting read() reject with ERR_SOCK_CLOSED': async (stage) => {
    const { connect } = await stage.serve(untilStopped)
    const client = await connect()
    const reading = client.read()
    client.destroy()
    await assert.rejects(reading, (error) => isSockError(error, 'ERR_SOCK_CLOSED'))
    assert.ok(client.signal.aborted)
  },

  'bytesRead and bytesWritten count the payload on both sides': async (stage) => {
    const counted = gate<[number, number]>()
    const { connect, server } = await stage.serve(async (connection) => {
      await readExactly(connection, 100_000)
      await connection.write(pattern(50_000))
      counted.open([connection.bytesRead, connection.bytesWritten])
    })
    const client = await connect()
    await client.write(pattern(100_000))
    await soon(readAll(client), 'the end')
    assert.deepEqual(await soon(counted.opened, 'the handler'), [100_000, 50_000])
    assert.deepEqual([client.bytesWritten, client.bytesRead], [100_000, 50_000])
    await soon(client.close(), 'close')
    const { bytesRead, bytesWritten } = server.stats()
    assert.deepEqual([bytesRead, bytesWritten], [100_000, 50_000])
  },
})
