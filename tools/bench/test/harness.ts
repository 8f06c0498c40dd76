import { createCertificate } from '@sock/tools/certificate'
import { withFolder } from '@sock/tools/folder'
import { measureRow, startGenerator } from '../dist/measure.js'
import type { Row } from '../dist/results.js'
import { chooseRows, type RowPlan } from '../dist/rows.js'

/** Measures one row of the raw control and the named one of the faulty subjects. */
export function measureFaulty(row: string, subject: string): Promise<Row> {
  return withFolder('bench-test', async (folder) => {
    const generator = startGenerator()
    const certificate = await createCertificate()
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
          node: process.execPath,
          module: new URL('faulty-subjects.mjs', import.meta.url).href,
        },
        { generator, certificate, folder, advance: () => undefined },
      )
    } finally {
      await generator.stop()
    }
  })
}
