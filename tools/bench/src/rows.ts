import { InvalidArgumentError } from '@sock/tools/options'
import { DATAGRAMS, isStream, STREAMS, TRANSPORTS, type TransportName } from '@sock/tools/transports'
import picomatch from 'picomatch'
import { memoryPerConnection, percentiles, perDatagram, perMebibyte, perUnit } from './figures.js'
import { received, shutdownTime, type Figure } from './figures.js'
import { HEADER_BYTES } from './message.js'
import { echo, sendChunks, sendRounds } from './scenarios/bulk.js'
import { idle, runDrain, runStorm, visits } from './scenarios/connections.js'
import { runLatency } from './scenarios/latency.js'
import type { Counts, Load } from './scenarios/load.js'
import { runWindows } from './scenarios/windows.js'
import { FRAME_BYTES, LINE_BYTES, PREFIX_BYTES, type WorkloadName } from './workload.js'

/** One kind of traffic. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly transports: readonly TransportName[]
  /** Default: `echo`. */
  readonly workload?: WorkloadName
  /** The first one is the main figure of the row. */
  readonly figures: readonly Figure[]
  /** In scenarios that need a new server for each round, and take long whatever `--seconds` says: the most rounds. */
  readonly freshRounds?: number
  readonly load: (load: Load) => Promise<Counts>
}

const scenarios: readonly Scenario[] = [
  {
    name: 'rr',
    about: 'request and response: 50 connections (8 datagram clients), 64 bytes each way, one at a time',
    transports: TRANSPORTS,
    figures: perUnit('request'),
    load(load) {
      const clients = isStream(load.transport) ? 50 : 8
      return runWindows(load, { clients, size: 64, window: 1, answerBytes: 64 })
    },
  },
  datagramsOneWay('oneway-64', '64 bytes', () => 64, 32),
  datagramsOneWay('oneway-1400', '1,400 bytes', () => 1400, 16),
  datagramsOneWay(
    'oneway-largest',
    'the largest size (udp 65,507, unixgram 65,536)',
    // Of UDP over IPv4, or what `unix-dgram` receives whole.
    (transport) => (transport === 'udp' ? 65_507 : 65_536),
    1,
  ),
  {
    name: 'echo-1400',
    about: '8 clients, 1,400 bytes each way, one at a time; everything that comes back is checked',
    transports: DATAGRAMS,
    figures: perDatagram(),
    load: (load) => runWindows(load, { clients: 8, size: 1400, window: 1, answerBytes: 1400 }),
  },
  {
    name: 'oneway',
    about: '4 connections send 64 KiB chunks; the server reads and checks every byte',
    transports: STREAMS,
    workload: 'sink',
    figures: perMebibyte,
    load: sendChunks,
  },
  {
    name: 'echo',
    about:
      '4 connections send 64 KiB chunks, 256 KiB under way in each; everything comes back and is checked',
    transports: STREAMS,
    figures: perMebibyte,
    load: echo,
  },
  {
    name: 'relay',
    about: 'the same through a server that carries everything to an echo server in C, as a proxy does',
    transports: ['tcp'],
    workload: 'relay',
    figures: perMebibyte,
    load: echo,
  },
  {
    name: 'lines-64',
    about: `4 connections send lines of ${LINE_BYTES} bytes; the server cuts the stream, and checks each message`,
    transports: ['tcp'],
    workload: 'lines',
    figures: perUnit('message', received),
    load: sendRounds('lines'),
  },
  {
    name: 'frames-1400',
    about: `4 connections send frames of ${FRAME_BYTES.toLocaleString('en-US')} bytes, each with its length in ${PREFIX_BYTES}; the server cuts the stream, and checks each message`,
    transports: ['tcp'],
    workload: 'frames',
    figures: perUnit('message', received),
    load: sendRounds('frames'),
  },
  {
    name: 'connect',
    about: '8 at a time: connect, 64 bytes each way, close',
    transports: STREAMS,
    figures: perUnit('connection'),
    load: visits('end'),
  },
  {
    name: 'reset',
    about: '8 at a time: connect, 64 bytes each way, and the client resets, as health checks do',
    transports: ['tcp'],
    figures: perUnit('connection'),
    load: visits('reset'),
  },
  {
    name: 'storm',
    about: '500 clients connect in the same moment; until each has sent 64 bytes and got them back',
    transports: STREAMS,
    figures: perUnit('connection'),
    load: runStorm,
  },
  {
    name: 'idle',
    about: 'memory per connection of 10,000 (tls: 1,000) that are open and idle; then each is served once',
    transports: STREAMS,
    workload: 'idle',
    figures: memoryPerConnection,
    freshRounds: 2,
    // A TLS handshake costs each side a millisecond, so ten thousand for each subject would take minutes.
    load: idle(({ connections, transport }) => Math.min(connections, transport === 'tls' ? 1000 : Infinity)),
  },
  {
    name: 'many',
    about: '15,000 connections open at once under one server; then each is served once',
    transports: ['tcp'],
    workload: 'idle',
    figures: memoryPerConnection,
    freshRounds: 1,
    load: idle(() => 15_000),
  },
  {
    name: 'drain',
    about:
      'time to shut down in good order with 1,000 open, idle connections (drainIdle 1 ms; raw ends those it has kept track of)',
    transports: STREAMS,
    workload: 'drain',
    figures: shutdownTime,
    freshRounds: 3,
    load: runDrain,
  },
  {
    name: 'latency',
    about:
      '8 clients send 64 bytes at a fixed pace, whether answered or not; from when each was due to its answer',
    transports: TRANSPORTS,
    figures: percentiles,
    load: runLatency,
  },
]

/** The windows of two clients fit into the receiver's queue, so no datagram is lost. On Unix it has 10 places (net.unix.max_dgram_qlen). */
function datagramsOneWay(
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
    figures: perDatagram(received),
    load(load) {
      const { transport } = load
      const window = transport === 'unixgram' ? 4 : udpWindow
      return runWindows(load, { clients: 2, size: sizeOf(transport), window, answerBytes: HEADER_BYTES })
    },
  }
}

/** One line of the table: a scenario over a transport. */
export interface RowPlan {
  readonly name: string
  readonly transport: TransportName
  readonly workload: WorkloadName
  readonly scenario: Scenario
}

export const allRows: readonly RowPlan[] = TRANSPORTS.flatMap((transport) =>
  scenarios
    .filter(({ transports }) => transports.includes(transport))
    .map((scenario) => {
      const { name, workload = 'echo' } = scenario
      return { name: `${transport}/${name}`, transport, workload, scenario }
    }),
)

/** Whether `pattern` matches this row: its name, its transport, or a glob. */
export function matchesRow(pattern: string, name: string): boolean {
  return name.startsWith(`${pattern}/`) || picomatch.isMatch(name, pattern)
}

/** @param text patterns with commas between them @throws InvalidArgumentError for a pattern that matches no row */
export function chooseRows(text: string): readonly RowPlan[] {
  const patterns = text.split(',')
  const unknown = patterns.find((pattern) => !allRows.some(({ name }) => matchesRow(pattern, name)))
  if (unknown !== undefined) throw new InvalidArgumentError(`no row is called ${unknown}; --list shows all`)
  return allRows.filter(({ name }) => patterns.some((pattern) => matchesRow(pattern, name)))
}
