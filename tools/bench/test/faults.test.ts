import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createCertificate } from '@sock/tools/certificate'
import { createFolder } from '@sock/tools/folder'
import { measureRow, type Method } from '../dist/measure.js'
import type { Row } from '../dist/results.js'
import { chooseRows, type RowPlan } from '../dist/rows.js'
import { preparePrograms } from '../dist/subjects/peers.js'

const folder = createFolder('bench-test')
let method: Method

beforeAll(async () => {
  method = {
    rounds: 2,
    seconds: 0.1,
    connections: 10,
    module: new URL('faulty-subjects.mjs', import.meta.url).href,
    programs: await preparePrograms(folder.path),
    certificate: await createCertificate(),
    folder,
  }
})

afterAll(() => folder.remove())

/** Measures one row of the raw control and the named one of the faulty subjects. */
function measureFaulty(row: string, subject: string): Promise<Row> {
  const [plan] = chooseRows(row) as [RowPlan]
  return measureRow(plan, ['raw', subject], method, () => undefined)
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
    ['udp/oneway-64', 'reorders', /^reorders: (the server got datagram \d+|a client got a wrong answer)/],
    [
      'udp/oneway-64',
      'doubles',
      /^doubles: (the server got datagram|a client got a wrong answer|\d+ datagrams were sent)/,
    ],
  ])('%s fails when the subject %s', async (row, subject, message) => {
    expect((await measureFaulty(row, subject)).failure).toMatch(message)
  })

  it.each(['tcp/oneway', 'tcp/connect', 'unix/echo', 'udp/rr', 'unixgram/oneway-64'])(
    '%s is served by floor',
    async (row) => {
      expect((await measureFaulty(row, 'floor')).failure).toBeUndefined()
    },
  )

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
