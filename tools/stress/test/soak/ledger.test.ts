import { describe, expect, it } from '@jest/globals'
import { createLedger } from '../../src/soak/ledger.js'
import type { ClientRecord, ServerRecord } from '../../src/soak/messages.js'

const client: ClientRecord = {
  side: 'client',
  transport: 'tcp',
  session: 1,
  sent: 500,
  acknowledged: 500,
  received: 900,
  polite: true,
  end: 'clean',
}
const server: ServerRecord = {
  side: 'server',
  transport: 'tcp',
  session: 1,
  delivered: 500,
  written: 900,
  end: 'flushed',
}

/** What a ledger finds lost, when both sides have told. */
function lostBetween(...records: (ClientRecord | ServerRecord)[]): string[] {
  const lost: string[] = []
  const ledger = createLedger((text) => lost.push(text))
  for (const record of records) ledger.add(record)
  ledger.settle()
  return lost
}

describe('createLedger()', () => {
  it('createLedger() finds nothing lost when both sides say the same, in whatever order', () => {
    expect(lostBetween(client, server)).toEqual([])
    expect(lostBetween(server, client)).toEqual([])
  })

  it.each<[string, Partial<ClientRecord>, Partial<ServerRecord>]>([
    ['a byte that was acknowledged and not delivered', {}, { delivered: 499 }],
    ['the same for a client that does not behave', { polite: false, end: 'broken' }, { delivered: 499 }],
    ['the same in a connection that was forced', { end: 'broken' }, { delivered: 499, end: 'forced' }],
    ['a byte that was flushed and has not arrived', { received: 899 }, {}],
    ['the same when the server was shutting down', { received: 899, end: 'early' }, { end: 'cut' }],
    ['a byte that was sent and not delivered', { sent: 501 }, {}],
    ['a client that behaved and was broken', { end: 'broken' }, { end: 'failed' }],
    ['an end in good order that looks broken to the client', { end: 'broken' }, { end: 'flushed' }],
    ['an answer that was cut, and its client not told', { end: 'cut' }, { end: 'flushed' }],
    ['an end that the client has not asked for', { end: 'early' }, { end: 'flushed' }],
  ])('createLedger() finds %s', (_, ofClient, ofServer) => {
    expect(lostBetween({ ...client, ...ofClient }, { ...server, ...ofServer })).not.toEqual([])
  })

  it('createLedger() leaves it at that when a shutdown had no more patience: a Unix socket knows no reset', () => {
    expect(lostBetween({ ...client, received: 700, end: 'cut' }, { ...server, end: 'forced' })).toEqual([])
  })

  it('createLedger() finds a session that only one side knows', () => {
    expect(lostBetween(client)).toEqual(['tcp session 1: was answered, and no handler has seen it'])
    expect(lostBetween(server)).toEqual(['tcp session 1: the server knows it, and no client does'])
  })

  it('createLedger() waits once more for what a sender without patience has left in the queue', () => {
    const lost: string[] = []
    const ledger = createLedger((text) => lost.push(text))
    ledger.add({
      ...client,
      transport: 'unixgram',
      acknowledged: 0,
      received: 0,
      polite: false,
      end: 'broken',
    })
    ledger.settle()
    ledger.add({ ...server, transport: 'unixgram' })
    ledger.settle()
    expect(lost).toEqual([])
    ledger.add({ ...server, transport: 'unixgram' })
    ledger.settle()
    expect(lost).toEqual(['unixgram session 1: the server knows it, and no client does'])
  })

  it('createLedger() lets a client go that nobody has answered', () => {
    expect(lostBetween({ ...client, acknowledged: 0, received: 0, end: 'broken' })).toEqual([])
  })

  it('createLedger() lets a shutdown end clients before they are done', () => {
    expect(lostBetween({ ...client, sent: 700, end: 'early' }, { ...server, end: 'cut' })).toEqual([])
    expect(
      lostBetween({ ...client, received: 20, end: 'broken' }, { ...server, delivered: 600, end: 'forced' }),
    ).toEqual([])
  })

  it('createLedger() adds up what is told of datagrams', () => {
    const ofClient = { ...client, transport: 'unixgram' } as const
    const part = { ...server, transport: 'unixgram', end: 'open' } as const
    const parts = [
      { ...part, delivered: 500, written: 400 },
      { ...part, delivered: 0, written: 500 },
    ]
    expect(lostBetween(ofClient, ...parts)).toEqual([])
    expect(lostBetween({ ...ofClient, received: 800 }, ...parts)).toHaveLength(1)
    expect(lostBetween({ ...ofClient, acknowledged: 600 }, ...parts)).toHaveLength(1)
  })

  it('createLedger() lets UDP lose answers, but not invent any', () => {
    const part = { ...server, transport: 'udp', end: 'open' } as const
    expect(lostBetween({ ...client, transport: 'udp', received: 800 }, part)).toEqual([])
    expect(lostBetween({ ...client, transport: 'udp', received: 901 }, part)).toHaveLength(1)
  })
})
