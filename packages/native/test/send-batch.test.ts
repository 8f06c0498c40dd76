import { describe, expect, it } from '@jest/globals'
import { MAX_SENDS, SEND_WIDTH, SENDS_AT } from '../src/lib/numbers.js'
import { SendBatch, type BatchedDatagram } from '../src/lib/send-batch.js'

/** A SendBatch over a fake addon that sends everything, and the texts that it has sent. */
function createBatch(): { entries: SendBatch; sent: string[] } {
  const memory = new Int32Array(SENDS_AT + MAX_SENDS * SEND_WIDTH)
  const bytes = Buffer.alloc(64 * 1024)
  const sent: string[] = []
  const addon = {
    startSendBatch: () => [memory.buffer, bytes.buffer],
    flushSendBatch() {
      for (let index = 0; index < (memory[0] as number); index++) {
        const [, from = 0, length = 0] = memory.subarray(SENDS_AT + index * SEND_WIDTH)
        sent.push(bytes.toString('latin1', from, from + length))
      }
      memory[0] = 0
      return 0
    },
  }
  return { entries: new SendBatch(addon as never), sent }
}

function datagram(text: string, done: () => void = () => undefined): BatchedDatagram {
  const owner = { failed: () => undefined }
  return { owner, data: Buffer.from(text), to: undefined, sending: { done } }
}

describe('what is sent in a batch', () => {
  it('SendBatch sends in order, also what the callback of a sent datagram adds', () => {
    const { entries, sent } = createBatch()
    const expected = Array.from({ length: MAX_SENDS }, (_, index) => `${index}`)
    const answered: string[] = []
    entries.begin(Infinity)
    for (const text of expected) {
      const done = (): void => {
        answered.push(text)
        if (text === '0')
          entries.add(
            1,
            0,
            datagram('more', () => answered.push('more')),
          )
      }
      expect(entries.add(1, 0, datagram(text, done))).toBe(true)
    }
    // There is no room, so the port sends it itself, after the datagrams added in the meantime.
    expect(entries.add(1, 0, datagram('next'))).toBe(false)
    entries.flush()
    entries.end()
    expect(sent).toEqual([...expected, 'more'])
    expect(answered).toEqual(sent)
  })

  it('SendBatch.add() takes nothing outside of a batch', () => {
    const { entries, sent } = createBatch()
    expect(entries.add(1, 0, datagram('before'))).toBe(false)
    entries.begin(Infinity)
    expect(entries.add(1, 0, datagram('in'))).toBe(true)
    entries.end()
    expect(entries.add(1, 0, datagram('after'))).toBe(false)
    expect(sent).toEqual(['in'])
  })
})
