import { isSockError, type Handler, type ShutdownReport } from '@sock/core'
import type { Endpoint, Place, Transport } from './transports.js'

/** A transport, and what listens on it. */
export interface Running extends Endpoint {
  readonly transport: Transport
}

/** A server could not be started; the message is a sentence for the user. */
export class StartFailure extends Error {}

/** Starts all servers, or none. @throws StartFailure */
export async function startAll(
  transports: readonly Transport[],
  handler: Handler,
  place: Place,
): Promise<readonly Running[]> {
  const running: Running[] = []
  try {
    for (const transport of transports) {
      running.push({ transport, ...(await start(transport, handler, place)) })
    }
    return running
  } catch (error) {
    await Promise.all(running.map(({ server }) => server.close()))
    throw error
  }
}

async function start(transport: Transport, handler: Handler, place: Place): Promise<Endpoint> {
  try {
    return await transport.start(handler, place)
  } catch (cause) {
    const wanted = transport.wanted(place)
    const { code, message } = cause as NodeJS.ErrnoException
    const sentence = IN_USE.has(code)
      ? `Cannot serve ${transport.name}: ${wanted} is in use. Stop the program that listens there, or choose`
      : `Cannot serve ${transport.name} on ${wanted}: ${message}. Choose`
    throw new StartFailure(`${sentence} another address with ${transport.options}.`, { cause })
  }
}

const IN_USE: ReadonlySet<string | undefined> = new Set(['EADDRINUSE', 'ERR_SOCK_PATH_IN_USE'])

/** Shuts all servers down at the same time. @param options as of the servers' `shutdown` */
export function shutdownAll(
  running: readonly Running[],
  options: { timeout?: number; signal?: AbortSignal },
): Promise<ShutdownReport[]> {
  return Promise.all(running.map(({ server }) => server.shutdown(options).catch(reportOf)))
}

/** A shutdown that had to force something rejects, with the report on its error. */
function reportOf(error: unknown): ShutdownReport {
  if (isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT') && error.report !== undefined) return error.report
  throw error
}
