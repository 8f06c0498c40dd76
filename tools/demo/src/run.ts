import type { Handler } from '@sock/core'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificate } from './certificate.js'
import { echo } from './handler.js'
import { serve } from './live.js'
import { runOnce } from './once.js'
import { parseOptions } from './options.js'
import { createScreen } from './screen.js'
import { startAll, StartFailure } from './servers.js'
import { listenForStop } from './stop.js'
import { transports } from './transports.js'

/**
 * The whole program, from the arguments of the command line to the exit code: 0 if all went well, 1 if not, 2 for options
 * that make no sense, 128 + n when a second signal n forced the end.
 *
 * @param handler what is served. The tests hand in one that loses or changes bytes, to prove that `--once` finds out.
 */
export async function run(args: readonly string[], handler: Handler = echo): Promise<number> {
  const options = parseOptions(args)
  if (typeof options === 'number') return options

  const screen = createScreen(process.stdout)
  const stop = listenForStop(process.stdout)
  const folder = await mkdtemp(join(tmpdir(), 'sock-demo-'))
  try {
    const { host, port, tlsPort, udpPort } = options
    const { path = join(folder, 'echo.sock'), datagramPath = join(folder, 'datagrams.sock') } = options
    const certificate = await createCertificate(folder)
    const running = await startAll(transports, handler, {
      host,
      port,
      tlsPort,
      udpPort,
      path,
      datagramPath,
      certificate,
    })
    return options.once === undefined
      ? await serve(running, stop, screen)
      : await runOnce(running, options.once, stop, screen)
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    console.error(error.message)
    return 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
