import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { datagramClientChecks, datagramServerChecks } from '../../src/datagram.js'
import { checkOptions } from '../../src/transport.js'

describe('datagramServerChecks and datagramClientChecks', () => {
  it('datagramServerChecks have the defaults that are documented', () => {
    expect(checkOptions('options', {}, datagramServerChecks)).toEqual({
      maxQueuedBytes: 4_194_304,
      configure: undefined,
      shutdownTimeout: 25_000,
    })
  })

  it('datagramClientChecks have the defaults that are documented', () => {
    expect(checkOptions('options', {}, datagramClientChecks)).toEqual({
      maxQueuedBytes: 4_194_304,
      configure: undefined,
      signal: undefined,
      onState: undefined,
    })
  })

  it('maxQueuedBytes must be at least 1', () => {
    expect(checkOptions('options', { maxQueuedBytes: 1 }, datagramClientChecks).maxQueuedBytes).toBe(1)
    expect(
      thrown(() => checkOptions('options', { maxQueuedBytes: 0 }, datagramClientChecks)).message,
    ).toMatch(/^Invalid "maxQueuedBytes": expected an integer from 1 to \d+, got 0$/)
  })
})
