import { DATAGRAM_TRANSPORTS, type DatagramTransport, type Transport } from '../transports.js'
import { HEADER_BYTES } from '../workloads/message.js'
import type { Observed, Sample, Scenario } from './scenario.js'
import { MIB, rateMetrics } from './throughput.js'
import { runWindows } from './windows.js'

const CLIENTS = 2
/** What a datagram can carry: over UDP by IPv4; over Unix what `unix-dgram` receives at once. */
const LARGEST: Record<DatagramTransport, number> = { udp: 65_507, unixgram: 65_536 }

/** Two clients' windows fit the receiver's queue, so that none is lost: 10 places on Unix (net.unix.max_dgram_qlen). */
const windowOf = (transport: Transport, udp: number): number => (transport === 'unixgram' ? 4 : udp)

export const datagramRows: readonly Scenario[] = [
  oneWay('oneway-64', '64 bytes', () => 64, 32),
  oneWay('oneway-1400', '1,400 bytes', () => 1400, 16),
  oneWay(
    'oneway-largest',
    'the largest size (udp 65,507, unixgram 65,536)',
    (transport) => LARGEST[transport],
    1,
  ),
  {
    name: 'echo-1400',
    about: '8 clients, 1,400 bytes each way, one at a time; everything that comes back is checked',
    transports: DATAGRAM_TRANSPORTS,
    workload: 'echo',
    metrics: [...rateMetrics('datagram'), { name: 'bytes', unit: 'MiB/s', better: 'more' }],
    load: (load) => runWindows(load, { clients: 8, size: 1400, window: 1, answerBytes: 1400 }),
    sample: (observed) => sampleDatagrams(observed, observed.counts.count),
  },
]

function oneWay(
  name: string,
  size: string,
  sizeOf: (transport: DatagramTransport) => number,
  udpWindow: number,
): Scenario {
  return {
    name,
    about: `2 clients send datagrams of ${size}; the server counts and checks each and answers the last of a window`,
    transports: DATAGRAM_TRANSPORTS,
    workload: 'sink',
    metrics: [...rateMetrics('datagram'), { name: 'bytes', unit: 'MiB/s', better: 'more' }],
    load: (load) =>
      runWindows(load, {
        clients: CLIENTS,
        size: sizeOf(load.transport as DatagramTransport),
        window: windowOf(load.transport, udpWindow),
        answerBytes: HEADER_BYTES,
      }),
    // Only what has come counts, not what was sent.
    sample: (observed) => sampleDatagrams(observed, observed.report.messages),
  }
}

function sampleDatagrams({ counts, cpuSeconds }: Observed, arrived: number): Sample {
  const rate = arrived / counts.seconds
  return { rate, cpu: (cpuSeconds * 1e6) / arrived, bytes: (rate * (counts.bytes / counts.count)) / MIB }
}
