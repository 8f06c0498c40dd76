import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createCertificate } from '@sock/tools/certificate'
import { createFolder } from '@sock/tools/folder'
import { measureRow, startGenerator, type Method, type Run } from '../dist/measure.js'
import type { Row } from '../dist/results.js'
import { chooseRows, type RowPlan } from '../dist/rows.js'
import { compileFloor } from '../dist/subjects/peers.js'

const folder = createFolder('bench-test')
const floor = compileFloor(folder.path)
const method: Omit<Method, 'subjects'> = {
  rounds: 2,
  seconds: 0.1,
  connections: 10,
  pace: 1000,
  node: process.execPath,
  module: new URL('faulty-subjects.mjs', import.meta.url).href,
}
let run: Run

beforeAll(async () => {
  const certificate = await createCertificate()
  run = { generator: startGenerator(), certificate, folder, advance: () => undefined }
})

afterAll(async () => {
  await run.generator.stop()
  folder.remove()
})

/** Measures one row of the raw control and the named one of the faulty subjects. */
function measureFaulty(row: string, subject: string): Promise<Row> {
  const [plan] = chooseRows(row) as [RowPlan]
  return measureRow(plan, { ...method, peers: { floor }, subjects: ['raw', subject] }, run)
}

describe('measureRow()', () => {
  it.each([
    ['tcp/rr', 'corrupts', /^corrupts: a client got a wrong answer/],
    ['tcp/rr', 'skips', /^skips: \d+ answers did not come/],
    ['tcp/latency', 'skips', /^skips: \d+ answers did not come/],
    ['tcp/echo', 'corrupts', /^corrupts: a client got wrong bytes back/],
    ['tcp/echo', 'skips', /^skips: a client got wrong bytes back/],
    ['tcp/oneway', 'corrupts', /^corrupts: the server got wrong bytes/],
    ['tcp/oneway', 'loses', /^loses: (the server got wrong bytes|\d+ bytes were sent, and \d+ came)/],
    ['tcp/oneway', 'skips', /^skips: (the server got wrong bytes|\d+ bytes were sent, and \d+ came)/],
    ['tcp/lines-64', 'skips lines', /^skips lines: the server got a wrong message/],
    ['udp/rr', 'corrupts', /^corrupts: a client got a wrong answer/],
    ['udp/oneway-64', 'corrupts', /^corrupts: the server got a damaged datagram/],
    [
      'udp/oneway-64',
      'reorders',
      /^reorders: (the server got datagram \d+ of client \d+ after \d+|a client got a wrong answer)/,
    ],
    [
      'udp/oneway-64',
      'doubles',
      /^doubles: (the server got datagram|an answer came twice|a client got a wrong answer|\d+ datagrams were sent)/,
    ],
  ])('%s fails when the subject %s', async (row, subject, message) => {
    expect((await measureFaulty(row, subject)).failure).toMatch(message)
  })

  // Needs a C compiler.
  const itWithFloor = it.each(['tcp/oneway', 'tcp/connect', 'unix/echo', 'udp/rr', 'unixgram/oneway-64'])
  if (floor !== undefined)
    itWithFloor('%s is served by floor', async (row) => {
      expect((await measureFaulty(row, 'floor')).failure).toBeUndefined()
    })

  it('tells how many datagrams a subject has lost, and does not count them', async () => {
    const { failure, subjects } = await measureFaulty('udp/oneway-64', 'loses')
    expect(failure).toBeUndefined()
    const { lost = 0, sent = 0 } = subjects['loses'] ?? {}
    // One of a hundred; the kernel may add some.
    expect(lost).toBeGreaterThanOrEqual(Math.floor(sent / 100) - 2)
    expect(lost).toBeGreaterThan(0)
  })

  it('gives a slow subject a larger ratio of CPU time', async () => {
    const { failure, subjects } = await measureFaulty('tcp/rr', 'slow')
    expect(failure).toBeUndefined()
    expect(subjects['slow']?.metrics['cpu']?.ratio?.median).toBeGreaterThan(1)
  })
})
