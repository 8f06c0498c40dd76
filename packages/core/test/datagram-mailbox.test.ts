import { describe, expect, it } from '@jest/globals'
import { DATAGRAM_OVERHEAD, Mailbox } from '../src/lib/datagram/mailbox.js'
import { createFakeDatagramPort } from '../src/testing.js'

const push = (mailbox: Mailbox, text: string): boolean => mailbox.push(Buffer.from(text), undefined, false)
const take = (data: Buffer): string => String(data)
const cost = (bytes: number): number => bytes + DATAGRAM_OVERHEAD

describe('Mailbox.push', () => {
  it('takes what fits, and says when there is no room', () => {
    const mailbox = new Mailbox(createFakeDatagramPort(), 2 * cost(1))
    expect(['a', 'b', 'c'].map((text) => push(mailbox, text))).toEqual([true, true, false])
    expect(String(mailbox.shift()?.data)).toBe('a')
    expect(push(mailbox, 'd')).toBe(true)
    expect(
      [mailbox.shift(), mailbox.shift(), mailbox.shift()].map((each) => each && take(each.data)),
    ).toEqual(['b', 'd', undefined])
  })

  it('bounds empty datagrams too', () => {
    const mailbox = new Mailbox(createFakeDatagramPort(), 10 * cost(0))
    const taken = Array.from({ length: 1_000 }, () => push(mailbox, ''))
    expect(taken.filter(Boolean)).toHaveLength(10)
  })

  it('gives to the reader that waits, whatever the limit', async () => {
    const mailbox = new Mailbox(createFakeDatagramPort(), 1)
    const reading = mailbox.next(take, 'end')
    expect(mailbox.hasReader).toBe(true)
    expect(push(mailbox, 'a')).toBe(true)
    expect(await reading).toBe('a')
    expect([mailbox.hasReader, mailbox.isEmpty]).toEqual([false, true])
  })

  it('pauses a port that can, once, drops nothing, and resumes at half', () => {
    const port = createFakeDatagramPort({ canPause: true })
    const mailbox = new Mailbox(port, 4 * cost(1))
    for (let count = 0; count < 7; count++) expect(push(mailbox, 'x')).toBe(true)
    expect(port.calls).toEqual(['pause'])
    for (let left = 6; left >= 3; left--) mailbox.shift()
    expect(port.calls).toEqual(['pause'])
    mailbox.shift()
    expect(port.calls).toEqual(['pause', 'resume'])
    mailbox.shift()
    expect(port.calls).toEqual(['pause', 'resume'])
  })
})

describe('Mailbox.next', () => {
  it('gives what waits even after the end, then the end', async () => {
    const mailbox = new Mailbox(createFakeDatagramPort(), 1_000)
    push(mailbox, 'a')
    mailbox.finish()
    expect([await mailbox.next(take, 'end'), await mailbox.next(take, 'end')]).toEqual(['a', 'end'])
  })

  it('rejects while another waits', async () => {
    const mailbox = new Mailbox(createFakeDatagramPort(), 1_000)
    const first = mailbox.next(take, 'end')
    await expect(mailbox.next(take, 'end')).rejects.toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
    mailbox.endReader()
    expect(await first).toBe('end')
  })

  it('rejects when the reader that waits is failed, and only then', async () => {
    const mailbox = new Mailbox(createFakeDatagramPort(), 1_000)
    expect(mailbox.failReader(new Error('nobody hears'))).toBe(false)
    const reading = mailbox.next(take, 'end')
    expect(mailbox.failReader(new Error('heard'))).toBe(true)
    await expect(reading).rejects.toThrow('heard')
    push(mailbox, 'a')
    expect(await mailbox.next(take, 'end')).toBe('a')
  })
})

describe('Mailbox.clear', () => {
  it('says how many it threw away, and makes room', () => {
    const mailbox = new Mailbox(createFakeDatagramPort(), 2 * cost(1))
    for (const text of ['a', 'b', 'c']) push(mailbox, text)
    expect(mailbox.clear()).toBe(2)
    expect(mailbox.clear()).toBe(0)
    expect(push(mailbox, 'd')).toBe(true)
  })
})
