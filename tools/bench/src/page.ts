import { init } from 'echarts'
import { markdownTable } from 'markdown-table'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { judge } from './goals.js'
import { BUSY, cellsOf, faultsOf, isUnsteady, machineLines, percent, UNSTEADY } from './report.js'
import { measuredSubjects, readResults, type Results, type Row } from './results.js'
import { matchesRow } from './rows.js'
import { CONTROL } from './subjects/subject.js'

const inRoot = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

export const PUBLISHED = {
  json: inRoot('docs/benchmarks.json'),
  chart: inRoot('docs/benchmarks.svg'),
}

/** The pages with results, and what is drawn between the markers of each. */
export const PAGES: Readonly<Record<string, Readonly<Record<string, (results: Results) => string>>>> = {
  'docs/benchmarks.md': { summary: drawSummary, table: drawTables },
  'tools/bench/README.md': { misses: drawMisses },
}

/** Writes the results, the chart, and the parts of the pages between the markers. */
export async function publish(results: Results): Promise<void> {
  const short = JSON.stringify(results, (_, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(5)) : value,
  )
  const json = await format(short, { ...(await resolveConfig(PUBLISHED.json)), parser: 'json' })
  await writeFile(PUBLISHED.json, json)
  await render()
}

/** Writes the chart and the pages from the published results. */
export async function render(): Promise<void> {
  // These numbers are rounded.
  const results = readResults(PUBLISHED.json)
  await writeFile(PUBLISHED.chart, drawChart(results))
  for (const path of Object.keys(PAGES)) await writeFile(inRoot(path), await renderPage(path, results))
}

/** @param path one of {@link PAGES} @returns its text with these results, formatted */
export async function renderPage(path: string, results: Results): Promise<string> {
  const parts = Object.entries(PAGES[path] ?? {})
  const page = await readFile(inRoot(path), 'utf8')
  const filled = parts.reduce((text, [name, draw]) => fill(text, name, draw(results)), page)
  return format(filled, { ...(await resolveConfig(inRoot(path))), parser: 'markdown' })
}

/** @throws Error if a marker is missing */
function fill(page: string, name: string, content: string): string {
  const start = `<!-- ${name}: made by npm run bench -- --publish -->`
  const end = `<!-- end of ${name} -->`
  const from = page.indexOf(start)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`There is no place for the ${name}: the page needs "${start}"`)
  return `${page.slice(0, from + start.length)}\n\n${content}\n\n${page.slice(to)}`
}

/** Marks what may say little: a rate, and the name of a row. */
const LIMITED = '†'
const VARIED = '‡'
const MARKS = `${LIMITED} The load generator used more than ${percent(BUSY)} of a core: the server may be faster. ${VARIED} Raw Node varied by more than ${percent(UNSTEADY)} of its median. In both cases trust the CPU time rather than the rate.`

/** What users ask first, and the rows whose main figure answers it. */
const QUESTIONS = {
  'tcp/rr': 'TCP: requests answered per second, 64 bytes each way',
  'tcp/oneway': 'TCP: MiB received per second',
  'tcp/connect': 'TCP: connections accepted, served and closed per second',
  'tcp/idle': 'TCP: bytes of memory for each idle connection (less is better)',
  'udp/rr': 'UDP: requests answered per second, 64 bytes each way',
}
const ANSWERS = {
  'for-await': 'Function',
  callbacks: 'Callbacks',
  'native-for-await': 'Function, native',
  'native-callbacks': 'Callbacks, native',
}

/** Draws the lines about the machine, and a line for each question. */
function drawSummary(results: Results): string {
  const lines = Object.entries(QUESTIONS).flatMap(([name, question]) => {
    const row = results.rows.find((one) => one.name === name)
    if (row === undefined) return []
    const [, , raw = '', ...ratios] = cellsOf(row, Object.keys(ANSWERS), 2, LIMITED)[0] ?? []
    // The question names the unit.
    const figure = raw.replace(/ [^†]*/, '')
    return [[isUnsteady(row) ? `${question} ${VARIED}` : question, figure, ...ratios]]
  })
  const table = markdownTable([['', 'Raw Node', ...Object.values(ANSWERS)], ...lines])
  return [...machineLines(results), '', table, '', MARKS].join('\n')
}

/** Rows with subjects of their own, and what their table shows. */
const TABLES = [
  { title: 'Servers', rows: '*/!(relay|lines-64|frames-1400)' },
  { title: 'Proxies', rows: '*/relay' },
  { title: 'Messages cut from a stream', rows: '*/{lines-64,frames-1400}' },
]

/** Draws the tables of all rows, with a line per row and figure. */
function drawTables(results: Results): string {
  const tables = TABLES.flatMap(({ title, rows: pattern }) => {
    const rows = results.rows.filter(({ name }) => matchesRow(pattern, name))
    return rows.length === 0 ? [] : [`### ${title}\n\n${drawTable(rows)}`]
  })
  return tables.join('\n\n')
}

/** The intervals are in the file. Faults are below the table: beside it they would make it too wide for its page. */
function drawTable(rows: readonly Row[]): string {
  const names = measuredSubjects({ rows })
  const lines = rows.flatMap((row) => {
    const name = isUnsteady(row) ? `${row.name} ${VARIED}` : row.name
    return cellsOf({ ...row, name }, names, 2, LIMITED)
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
  const sum = `In the published results, ${misses.length} of ${verdicts.length} figures miss their goal. ${clear.length} miss it clearly: their whole interval lies beyond it.`
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
