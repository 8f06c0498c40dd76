import { init } from 'echarts'
import { measuredSubjects, type Results } from './results.js'
import { CONTROL } from './subjects/subject.js'

const WIDTH = 900
const HEIGHT_PER_ROW = 34
const MARGIN = 130

/** Bars of the ratios of all rows that are the better the more they are, as SVG. */
export function drawChart(results: Results): string {
  const shown = results.rows.filter(
    ({ metrics, subjects: measured }) => metrics[0]?.better === 'more' && measured[CONTROL],
  )
  const names = measuredSubjects(results)
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH,
    height: MARGIN + shown.length * HEIGHT_PER_ROW,
  })
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      title: { text: `Throughput as a ratio to ${CONTROL} (1 = as fast)`, left: 'center' },
      legend: { top: 32 },
      grid: { left: 150, right: 30, top: 70, bottom: 40 },
      xAxis: { type: 'value', min: 0 },
      yAxis: { type: 'category', inverse: true, data: shown.map(({ name }) => name) },
      series: names.map((name) => ({
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
