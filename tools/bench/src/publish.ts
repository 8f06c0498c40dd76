import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { drawChart } from './chart.js'
import { drawHeadline } from './headline.js'
import { drawTable } from './markdown.js'
import type { Results } from './results.js'

const inDocs = (name: string): string => fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url))

export const PUBLISHED = {
  json: inDocs('benchmarks.json'),
  chart: inDocs('benchmarks.svg'),
  page: inDocs('benchmarks.md'),
}

/** Writes the page of the documentation anew: what stands between the markers, its chart, and what both are made from. */
export async function publish(results: Results): Promise<void> {
  const json = await serialize(results)
  // What is shown follows from the file, rounded as it is.
  const rounded = JSON.parse(json) as Results
  await writeFile(PUBLISHED.json, json)
  await writeFile(PUBLISHED.chart, drawChart(rounded))
  await writeFile(PUBLISHED.page, await renderPage(await readFile(PUBLISHED.page, 'utf8'), rounded))
}

/** @param page the text as it is @returns it with the tables of these results, formatted as the repository wants it */
export async function renderPage(page: string, results: Results): Promise<string> {
  const filled = fill(fill(page, 'table', drawTable(results)), 'headline', drawHeadline(results))
  return format(filled, { ...(await resolveConfig(PUBLISHED.page)), parser: 'markdown' })
}

async function serialize(results: Results): Promise<string> {
  const short = JSON.stringify(results, (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(5)) : value,
  )
  return format(short, { ...(await resolveConfig(PUBLISHED.json)), parser: 'json' })
}

/** @throws an Error when the markers are missing */
function fill(page: string, name: string, content: string): string {
  const start = `<!-- ${name}: made by npm run bench -- --publish -->`
  const end = `<!-- end of ${name} -->`
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no place for the ${name}`)
  return `${page.slice(0, from + start.length)}\n\n${content}\n\n${page.slice(to)}`
}
