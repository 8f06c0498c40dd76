import { markdownTable } from 'markdown-table'
import { BUSY, formatFigure, formatRatio, machineLines, percent } from './report.js'
import { measuredSubjects, type Results, type Row } from './results.js'
import { CONTROL } from './subjects/subject.js'

/** The machine, then a line per row and figure. */
export function drawTable(results: Results): string {
  const names = measuredSubjects(results)
  const lines = results.rows.flatMap((row) =>
    row.metrics.map(({ name, unit }, index) => {
      const of = (subject: string) => row.subjects[subject]?.metrics[name]
      const control = of(CONTROL)
      return [
        index === 0 ? row.name : '',
        name,
        control === undefined ? '—' : `${formatFigure(control.median)} ${unit}`,
        ...names.map((subject) => formatRatio(of(subject))),
        index === 0 ? notes(row) : '',
      ]
    }),
  )
  const header = ['Row', 'Figure', CONTROL, ...names.map((name) => `${name} ÷ ${CONTROL}`), 'Notes']
  return [...machineLines(results), '', markdownTable([header, ...lines])].join('\n')
}

/** Losses, connections, and how busy the generator was where that is near its ceiling. */
function notes({ subjects: measured, generator, failure }: Row): string {
  const parts: string[] = []
  if (failure !== undefined) parts.push(`failed: ${failure}`)
  const connections = measured[CONTROL]?.connections
  if (connections !== undefined) parts.push(`${connections.toLocaleString('en-US')} open, each served`)
  if (generator.busy !== undefined && generator.busy > BUSY)
    parts.push(`generator ${percent(generator.busy)} busy`)
  for (const [subject, { lost, sent }] of Object.entries(measured))
    if (lost > 0) parts.push(`${subject} lost ${lost} of ${sent}`)
  return parts.join('; ')
}
