import { describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { drawChart, PAGES, PUBLISHED, renderPage } from '../dist/page.js'
import { readResults } from '../dist/results.js'

describe('docs/benchmarks.json', () => {
  it.each(Object.keys(PAGES))('is what %s says', async (path) => {
    const page = await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')
    expect(page).toBe(await renderPage(path, readResults(PUBLISHED.json)))
  })

  it('is what the chart shows', async () => {
    expect(await readFile(PUBLISHED.chart, 'utf8')).toBe(drawChart(readResults(PUBLISHED.json)))
  })
})
