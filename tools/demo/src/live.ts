import { isExpectedClose } from '@sock/core'
import { formatBytes, formatCount, formatPlural, formatReport, formatTable } from './format.js'
import { createMeter, type Reading } from './meter.js'
import type { Screen } from './screen.js'
import { shutdownAll, type Running } from './servers.js'
import type { Stop } from './stop.js'

/** How often the live line is refreshed, in ms. */
const REFRESH = 1_000
/**
 * A drain that takes longer than this many ms waits for a busy connection: say so, and how to end it. Idle ones are noticed
 * after half a second, and their peers get another one to hang up.
 */
const LONG_DRAIN = 2_000

/** Serves, and shows what goes on, until the user has enough. @returns the exit code */
export async function serve(running: readonly Running[], stop: Stop, screen: Screen): Promise<number> {
  introduce(running, screen)
  for (const { transport, server } of running) {
    server.on('error', (error) => {
      if (!isExpectedClose(error)) screen.print(screen.paint('red', `${transport.name}: ${error.message}`))
    })
  }
  const read = createMeter(running)
  const refresh = (): void => screen.status(formatReading(read()))
  refresh()
  const refreshing = setInterval(refresh, REFRESH)
  await aborted(stop.wanted)

  screen.print(screen.paint('bold', 'Shutting down'))
  const explaining = setTimeout(() => explainWaiting(running, screen), LONG_DRAIN)
  const reports = await shutdownAll(running, { signal: stop.forced })
  clearTimeout(explaining)
  clearInterval(refreshing)

  screen.clearStatus()
  const rows = reports.map((report, index) => [running[index]?.transport.name ?? '', formatReport(report)])
  for (const line of formatTable(rows)) screen.print(line)
  if (stop.forced.aborted) return stop.exitCode
  return reports.some(({ forced }) => forced > 0) ? 1 : 0
}

function introduce(running: readonly Running[], screen: Screen): void {
  screen.print(
    `One echo handler, ${formatPlural(running.length, 'transport')}. Ctrl-C ends it in good order.`,
  )
  for (const { transport, address, command } of running) {
    screen.print()
    screen.print(`${screen.paint('bold', transport.name)} on ${address}`)
    screen.print(`  ${command}`)
  }
  screen.print()
}

function explainWaiting(running: readonly Running[], screen: Screen): void {
  const open = running.reduce((sum, { server }) => sum + server.openConnections, 0)
  screen.print(`Waiting for ${formatPlural(open, 'busy connection')}, Ctrl-C again closes at once`)
}

const formatReading = ({ openConnections, messagesPerSecond, bytesPerSecond }: Reading): string =>
  `${formatCount(openConnections)} open, ${formatCount(messagesPerSecond)} messages/s, ${formatBytes(bytesPerSecond)}/s`

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
