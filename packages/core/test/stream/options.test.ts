import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import {
  bareStreamClientChecks,
  bareStreamServerChecks,
  nodeEngine,
  streamClientChecks,
  streamServerChecks,
} from '../../src/stream.js'
import { checkWriteBuffer } from '../../src/lib/stream/options.js'
import { checkOptions } from '../../src/transport.js'

describe('streamServerChecks and streamClientChecks', () => {
  it('streamServerChecks have the defaults that are documented', () => {
    expect(checkOptions('options', {}, streamServerChecks)).toEqual({
      idleTimeout: 0,
      readTimeout: 0,
      writeTimeout: 0,
      highWaterMark: 65_536,
      maxWriteBuffer: 67_108_864,
      configure: undefined,
      engine: nodeEngine,
      shutdownTimeout: 25_000,
      maxConnections: Infinity,
      maxBufferedBytes: Infinity,
      firstByteTimeout: 0,
      maxLifetime: 0,
      drainIdle: 500,
      backlog: 511,
    })
  })

  it('streamClientChecks have the defaults that are documented', () => {
    expect(checkOptions('options', {}, streamClientChecks)).toEqual({
      idleTimeout: 0,
      readTimeout: 0,
      writeTimeout: 0,
      highWaterMark: 65_536,
      maxWriteBuffer: 67_108_864,
      configure: undefined,
      engine: nodeEngine,
      signal: undefined,
      onState: undefined,
    })
  })

  it('highWaterMark and backlog have an upper bound', () => {
    const error = thrown(() => checkOptions('options', { highWaterMark: 2 ** 30 + 1 }, streamServerChecks))
    expect(error.message).toBe(
      'Invalid "highWaterMark": expected an integer from 1 to 1073741824, got 1073741825',
    )
    expect(thrown(() => checkOptions('options', { backlog: 2 ** 31 }, streamServerChecks)).code).toBe(
      'ERR_OUT_OF_RANGE',
    )
  })

  it('bareStreamServerChecks and bareStreamClientChecks leave out the options of sockets, and only those', () => {
    const bare = Object.keys(bareStreamServerChecks)
    expect(Object.keys(streamServerChecks).filter((name) => !bare.includes(name))).toEqual([
      'configure',
      'engine',
      'backlog',
    ])
    const bareClient = Object.keys(bareStreamClientChecks)
    expect(Object.keys(streamClientChecks).filter((name) => !bareClient.includes(name))).toEqual([
      'configure',
      'engine',
    ])
  })

  it('the option engine must have listenStream() and connectStream()', () => {
    const engine = { ...nodeEngine }
    expect(checkOptions('options', { engine }, streamClientChecks).engine).toBe(engine)
    for (const incomplete of [
      {},
      { ...nodeEngine, connectStream: undefined },
      { ...nodeEngine, listenStream: 1 },
    ]) {
      const error = thrown(() => checkOptions('options', { engine: incomplete }, streamServerChecks))
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
      expect(error.message).toMatch(
        /^Invalid "engine": expected an engine for streams, such as `engine` of @sock\/native, got /,
      )
    }
  })
})

describe('checkWriteBuffer', () => {
  it('checkWriteBuffer() refuses a maxWriteBuffer below highWaterMark', () => {
    const error = thrown(() => checkWriteBuffer({ maxWriteBuffer: 9, highWaterMark: 10 }))
    expect(error).toMatchObject({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' })
    expect(error.message).toMatch(/^Invalid "maxWriteBuffer": expected an integer from 10 to \d+, got 9$/)
  })

  it.each([10, 11, Infinity])(
    'checkWriteBuffer() accepts a highWaterMark of 10 with a maxWriteBuffer of %p',
    (maxWriteBuffer) => {
      expect(() => checkWriteBuffer({ maxWriteBuffer, highWaterMark: 10 })).not.toThrow()
    },
  )
})
