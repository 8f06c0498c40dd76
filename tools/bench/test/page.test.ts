import { describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { drawChart, PUBLISHED, renderPage } from '../dist/page.js'
import { readResults } from '../dist/results.js'

describe('docs/benchmarks.md', () => {
  it('says what docs/benchmarks.json says', async () => {
    const page = await readFile(PUBLISHED.page, 'utf8')
    expect(page).toBe(await renderPage(page, readResults(PUBLISHED.json)))
  })

  it('shows the chart of docs/benchmarks.json', async () => {
    expect(await readFile(PUBLISHED.chart, 'utf8')).toBe(drawChart(readResults(PUBLISHED.json)))
  })
})
