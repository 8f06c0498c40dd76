import { DATAGRAMS, TRANSPORTS, type TransportName } from '@sock/tools/transports'
import { clientsOf } from '../clients/endpoint.js'
import { HEADER_BYTES } from '../workloads/message.js'
import { MIB, rateMetrics, sampleRate, type Observed, type Sample, type Scenario } from './scenario.js'
import { runWindows } from './windows.js'

const DATAGRAM_METRICS = [
  ...rateMetrics('datagram'),
  { name: 'bytes', unit: 'MiB/s', better: 'more' },
] as const

/** The largest datagram: of UDP over IPv4, or what `unix-dgram` receives whole. */
const largest = (transport: TransportName): number => (transport === 'udp' ? 65_507 : 65_536)

/** Scenarios of messages and their answers. */
export const messages: readonly Scenario[] = [
  {
    name: 'rr',
    about: 'request and response: 50 connections (8 datagram clients), 64 bytes each way, one at a time',
    transports: TRANSPORTS,
    metrics: rateMetrics('request'),
    load: (load) => runWindows(load, { clients: clientsOf(load), size: 64, window: 1, answerBytes: 64 }),
    sample: sampleRate,
  },
  oneWay('oneway-64', '64 bytes', () => 64, 32),
  oneWay('oneway-1400', '1,400 bytes', () => 1400, 16),
  oneWay('oneway-largest', 'the largest size (udp 65,507, unixgram 65,536)', largest, 1),
  {
    name: 'echo-1400',
    about: '8 clients, 1,400 bytes each way, one at a time; everything that comes back is checked',
    transports: DATAGRAMS,
    metrics: DATAGRAM_METRICS,
    load: (load) => runWindows(load, { clients: 8, size: 1400, window: 1, answerBytes: 1400 }),
    sample: (observed) => sampleDatagrams(observed, observed.counts.count),
  },
]

/** The windows of two clients fit into the receiver's queue, so no datagram is lost. On Unix it has 10 places (net.unix.max_dgram_qlen). */
function oneWay(
  name: string,
  size: string,
  sizeOf: (transport: TransportName) => number,
  udpWindow: number,
): Scenario {
  return {
    name,
    about: `2 clients send datagrams of ${size}; the server counts and checks each and answers the last of a window`,
    transports: DATAGRAMS,
    workload: 'sink',
    metrics: DATAGRAM_METRICS,
    load: (load) =>
      runWindows(load, {
        clients: 2,
        size: sizeOf(load.transport),
        window: load.transport === 'unixgram' ? 4 : udpWindow,
        answerBytes: HEADER_BYTES,
      }),
    // Count received datagrams, not sent ones.
    sample: (observed) => sampleDatagrams(observed, observed.report.messages),
  }
}

function sampleDatagrams({ counts, cpuSeconds }: Observed, arrived: number): Sample {
  const rate = arrived / counts.seconds
  return { rate, cpu: (cpuSeconds * 1e6) / arrived, bytes: (rate * (counts.bytes / counts.count)) / MIB }
}
