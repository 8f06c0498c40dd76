import { init } from 'echarts'
import { markdownTable } from 'markdown-table'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { judge } from './goals.js'
import { BUSY, cellsOf, doubtsOf, faultsOf, machineLines, percent, UNSTEADY } from './report.js'
import { measuredSubjects, type Results, type Row } from './results.js'
import { matchesRow } from './rows.js'
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
  const parts = { table: drawTables, misses: drawMisses }
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

/** Rows with subjects of their own, and what their table shows. */
const TABLES = [
  { title: 'Servers', rows: '*/!(relay|lines-64|frames-1400)' },
  { title: 'Proxies', rows: '*/relay' },
  { title: 'Messages cut from a stream', rows: '*/{lines-64,frames-1400}' },
]

/** Marks after the names of rows whose rates may say little. */
const LIMITED = '†'
const VARIED = '‡'
const MARKS = `${LIMITED} The load generator used more than ${percent(BUSY)} of a core: a faster server might not show. ${VARIED} ${CONTROL} varied by more than ${percent(UNSTEADY)} of its median. In both cases trust the CPU time rather than the rate.`

/** Draws the lines about the machine, then the tables, with a line per row and figure. */
function drawTables(results: Results): string {
  const tables = TABLES.flatMap(({ title, rows: pattern }) => {
    const rows = results.rows.filter(({ name }) => matchesRow(pattern, name))
    return rows.length === 0 ? [] : ['', `### ${title}`, '', drawTable(rows)]
  })
  return [...machineLines(results), '', MARKS, ...tables].join('\n')
}

/** The intervals are in the file. Faults are below the table: beside it they would make it too wide for its page. */
function drawTable(rows: readonly Row[]): string {
  const names = measuredSubjects({ rows })
  const lines = rows.flatMap((row) => {
    const { busy, spread } = doubtsOf(row)
    const marks = `${busy === undefined ? '' : LIMITED}${spread === undefined ? '' : VARIED}`
    return cellsOf({ ...row, name: `${row.name} ${marks}` }, names, 2)
  })
  const table = markdownTable([['Row', 'Figure', CONTROL, ...names], ...lines])
  const faults = rows.flatMap((row) => faultsOf(row).map((fault) => `${row.name}: ${fault}`))
  return faults.length === 0 ? table : `${table}\n\n${faults.join('; ')}.`
}

/** Draws the table of the figures that miss their goal clearly. */
function drawMisses(results: Results): string {
  const verdicts = judge(results)
  const misses = verdicts.filter(({ isMiss }) => isMiss)
  const clear = misses.filter(({ isClear }) => isClear).map(({ cells }) => cells)
  const sum = `${misses.length} of ${verdicts.length} figures miss their goal; \`npm run bench -- --assert\` lists them. ${clear.length} miss it clearly: their whole interval lies beyond it.`
  if (clear.length === 0) return sum
  return `${sum}\n\n${markdownTable([['Row', 'Subject', 'Figure', 'Ratio', 'Goal'], ...clear])}`
}

const WIDTH = 900
const HEIGHT_PER_ROW = 34
const MARGIN = 130
/** The subjects in the chart, and what it calls them. */
const CHARTED = {
  callbacks: '@sock, callbacks',
  'for-await': '@sock, for await',
  'native-callbacks': '@sock/native, callbacks',
  bun: 'Bun',
  floor: 'a small server in C',
}

/** Draws the ratios of all rows in which more is better, as bars in an SVG. */
export function drawChart(results: Results): string {
  const shown = results.rows.filter(
    ({ metrics, subjects: measured }) =>
      metrics[0]?.better === 'more' && Object.keys(CHARTED).some((name) => measured[name]),
  )
  const height = MARGIN + shown.length * HEIGHT_PER_ROW
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      title: {
        text: 'Throughput, as a multiple of node:net, node:tls, node:dgram and unix-dgram',
        left: 'center',
        textStyle: { fontSize: 16 },
      },
      // Without a browser, the widths of texts are estimates.
      legend: { top: 36, itemGap: 40 },
      grid: { left: 190, right: 30, top: 75, bottom: 40 },
      xAxis: { type: 'value', min: 0 },
      yAxis: { type: 'category', inverse: true, data: shown.map(({ name }) => name) },
      series: Object.entries(CHARTED)
        .filter(([name]) => measuredSubjects(results).includes(name))
        .map(([name, label]) => ({
          name: label,
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
