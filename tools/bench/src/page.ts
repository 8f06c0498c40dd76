import { init } from 'echarts'
import { markdownTable } from 'markdown-table'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { judge } from './goals.js'
import { busiest, BUSY, cellsOf, faultsOf, formatRatio, machineLines, percent } from './report.js'
import { measuredSubjects, type Results, type Row } from './results.js'
import { CONTROL } from './subjects/subject.js'

const inDocs = (name: string): string => fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url))

export const PUBLISHED = {
  json: inDocs('benchmarks.json'),
  chart: inDocs('benchmarks.svg'),
  page: inDocs('benchmarks.md'),
}

/** Writes the results, the chart, and the parts of the documentation page between the markers. */
export async function publish(results: Results): Promise<void> {
  const short = JSON.stringify(results, (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(5)) : value,
  )
  const json = await format(short, { ...(await resolveConfig(PUBLISHED.json)), parser: 'json' })
  // The page shows the rounded numbers of the file.
  const rounded = JSON.parse(json) as Results
  await writeFile(PUBLISHED.json, json)
  await writeFile(PUBLISHED.chart, drawChart(rounded))
  await writeFile(PUBLISHED.page, await renderPage(await readFile(PUBLISHED.page, 'utf8'), rounded))
}

/** @param page the current text @returns the text with the tables of these results, formatted */
export async function renderPage(page: string, results: Results): Promise<string> {
  const parts = { table: drawTable, misses: drawMisses }
  const filled = Object.entries(parts).reduce((text, [name, draw]) => fill(text, name, draw(results)), page)
  return format(filled, { ...(await resolveConfig(PUBLISHED.page)), parser: 'markdown' })
}

/** @throws Error if a marker is missing */
function fill(page: string, name: string, content: string): string {
  const start = `<!-- ${name}: made by npm run bench -- --publish -->`
  const end = `<!-- end of ${name} -->`
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no place for the ${name}`)
  return `${page.slice(0, from + start.length)}\n\n${content}\n\n${page.slice(to)}`
}

/** Draws the lines about the machine, then a table line per row and figure. */
function drawTable(results: Results): string {
  const names = measuredSubjects(results)
  const lines = results.rows.flatMap((row) =>
    cellsOf(row, names, formatRatio).map((cells, index) => [...cells, index === 0 ? notes(row) : '']),
  )
  const header = ['Row', 'Figure', CONTROL, ...names.map((name) => `${name} ÷ ${CONTROL}`), 'Notes']
  return [...machineLines(results), '', markdownTable([header, ...lines])].join('\n')
}

/** Lists connections, how busy the generator was if it was near its limit, and faults. */
function notes(row: Row): string {
  const connections = row.subjects[CONTROL]?.connections
  const busy = busiest(row)
  return [
    ...(connections === undefined ? [] : [`${connections.toLocaleString('en-US')} open, each served`]),
    ...(busy > BUSY ? [`generator ${percent(busy)} busy`] : []),
    ...faultsOf(row),
  ].join('; ')
}

/** Draws the table of the figures that miss their goal. */
function drawMisses(results: Results): string {
  const { count, misses } = judge(results)
  const sum = `${misses.length} of ${count} figures miss their goal. A miss is clear when the whole interval lies beyond the goal.`
  const header = ['Row', 'Subject', 'Figure', `Ratio to ${CONTROL}`, 'Goal', 'Clear']
  return misses.length === 0 ? sum : `${sum}\n\n${markdownTable([header, ...misses])}`
}

const WIDTH = 900
const HEIGHT_PER_ROW = 34
const MARGIN = 130

/** Draws the ratios of all rows in which more is better, as bars in an SVG. */
export function drawChart(results: Results): string {
  const shown = results.rows.filter(
    ({ metrics, subjects: measured }) => metrics[0]?.better === 'more' && measured[CONTROL],
  )
  const height = MARGIN + shown.length * HEIGHT_PER_ROW
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      title: { text: `Throughput as a ratio to ${CONTROL} (1 = as fast)`, left: 'center' },
      legend: { top: 32 },
      grid: { left: 150, right: 30, top: 70, bottom: 40 },
      xAxis: { type: 'value', min: 0 },
      yAxis: { type: 'category', inverse: true, data: shown.map(({ name }) => name) },
      series: measuredSubjects(results).map((name) => ({
        name,
        type: 'bar',
        data: shown.map(({ metrics, subjects: measured }) => {
          const ratio = measured[name]?.metrics[metrics[0]?.name ?? '']?.ratio
          return ratio === undefined ? '-' : Number(ratio.median.toFixed(3))
        }),
        markLine: { symbol: 'none', silent: true, label: { show: false }, data: [{ xAxis: 1 }] },
      })),
    })
    return chart.renderToSVGString() + '\n'
  } finally {
    chart.dispose()
  }
}
