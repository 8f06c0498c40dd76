import { markdownTable } from 'markdown-table'
import { formatFigure } from './report.js'
import type { Results } from './results.js'

/** A figure of the original's documentation, and what of ours is nearest to it. */
interface Claim {
  readonly what: string
  readonly published: string
  readonly row: string
  readonly metric: string
  readonly how: string
}

const CLAIMS: readonly Claim[] = [
  { what: 'TCP throughput', published: '~800 MB/s', row: 'tcp/oneway', metric: 'rate', how: '64 KiB chunks' },
  {
    what: 'UDP throughput',
    published: '~900 MB/s',
    row: 'udp/oneway-largest',
    metric: 'bytes',
    how: '65,507 B datagrams',
  },
  {
    what: 'UDP throughput',
    published: '~900 MB/s',
    row: 'udp/oneway-1400',
    metric: 'bytes',
    how: '1,400 B datagrams',
  },
  {
    what: 'Unix throughput',
    published: '~1.2 GB/s',
    row: 'unix/oneway',
    metric: 'rate',
    how: '64 KiB chunks',
  },
  {
    what: 'Unixgram throughput',
    published: '~1.5 GB/s',
    row: 'unixgram/oneway-largest',
    metric: 'bytes',
    how: '65,536 B datagrams',
  },
  {
    what: 'Unixgram throughput',
    published: '~1.5 GB/s',
    row: 'unixgram/oneway-1400',
    metric: 'bytes',
    how: '1,400 B datagrams',
  },
  {
    what: 'Memory per connection',
    published: '~4 KB',
    row: 'tcp/idle',
    metric: 'memory',
    how: 'idle; RSS without V8’s new space and the buffers of the kernel',
  },
  {
    what: 'UDP latency',
    published: '< 1 ms',
    row: 'udp/latency',
    metric: 'p99',
    how: '64 B there and back, p99, fixed pace',
  },
  {
    what: 'Unix latency',
    published: '< 0.5 ms',
    row: 'unix/latency',
    metric: 'p99',
    how: '64 B there and back, p99, fixed pace',
  },
  {
    what: 'Unixgram latency',
    published: '< 0.2 ms',
    row: 'unixgram/latency',
    metric: 'p99',
    how: '64 B there and back, p99, fixed pace',
  },
]

const OURS = 'callbacks'

/** The original's published figures beside what was measured here. */
export function drawHeadline({ rows }: Results): string {
  const lines = CLAIMS.map(({ what, published, row: name, metric, how }) => {
    const row = rows.find((one) => one.name === name)
    const result = row?.subjects[OURS]?.metrics[metric]
    const unit = row?.metrics.find((one) => one.name === metric)?.unit ?? ''
    return [
      what,
      published,
      result === undefined ? '—' : `${formatFigure(result.median)} ${unit}`,
      how,
      `\`${name}\``,
    ]
  })
  const open = rows.find(({ name }) => name === 'tcp/many')?.subjects[OURS]?.connections
  lines.push([
    'Connections at once',
    '10,000+',
    open === undefined ? '—' : open.toLocaleString('en-US'),
    'open under one server, each served',
    '`tcp/many`',
  ])
  return markdownTable([['What', 'Published', 'Here', 'How it was measured here', 'Row'], ...lines])
}
