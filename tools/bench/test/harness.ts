import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificate } from '../dist/certificate.js'
import type { GeneratorCommands } from '../dist/generator.js'
import { measureRow } from '../dist/method.js'
import { Processes } from '../dist/processes.js'
import type { Row } from '../dist/results.js'
import { chooseRows, type RowPlan } from '../dist/rows.js'

/** Measures one row of the raw control and the named one of the faulty subjects. */
export async function measureFaulty(row: string, subject: string): Promise<Row> {
  const processes = new Processes()
  const folder = await mkdtemp(join(tmpdir(), 'sock-bench-test-'))
  try {
    return await measureRow(
      chooseRows([row])[0] as RowPlan,
      {
        subjects: ['raw', subject],
        rounds: 2,
        seconds: 0.1,
        connections: 10,
        mostConnections: 10,
        pace: 1000,
        generator: 'native',
        node: process.execPath,
        module: new URL('faulty-subjects.mjs', import.meta.url).href,
      },
      {
        processes,
        generator: await processes.start<GeneratorCommands>('generator'),
        certificate: await createCertificate(),
        folder,
        advance: () => undefined,
      },
    )
  } finally {
    await processes.end()
    await rm(folder, { recursive: true, force: true })
  }
}
