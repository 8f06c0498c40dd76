import { describe, expect, it } from '@jest/globals'
import { thisHost } from '../src/lib/host.js'

const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }

describe('thisHost', () => {
  const itOnGlibc = header.glibcVersionRuntime === undefined ? it.skip : it
  itOnGlibc('thisHost.libc() knows glibc, and leaves the settings of reports as they were', () => {
    const before = report.excludeNetwork
    expect(thisHost.libc()).toBe('gnu')
    expect(report.excludeNetwork).toBe(before)
  })
})
