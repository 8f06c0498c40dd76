import { TRANSPORTS } from '../transports.js'
import { clientsOf } from '../clients/endpoint.js'
import type { Scenario } from './scenario.js'
import { rateMetrics, sampleRate } from './throughput.js'
import { runWindows } from './windows.js'

const SIZE = 64

export const rr: Scenario = {
  name: 'rr',
  about: 'request and response: 50 connections (8 datagram clients), 64 bytes each way, one at a time',
  transports: TRANSPORTS,
  workload: 'echo',
  metrics: rateMetrics('request'),
  load: (load) => runWindows(load, { clients: clientsOf(load), size: SIZE, window: 1, answerBytes: SIZE }),
  sample: sampleRate,
}
