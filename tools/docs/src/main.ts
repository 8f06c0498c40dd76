/*
 * Builds the documentation site into `tools/docs/out`. The exit code is 1 if something is wrong with it.
 *
 *   --serve           also serves it on 127.0.0.1, until Ctrl-C
 *   --port <number>   where; the system chooses one by default
 */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { serve } from './site/serve.js'
import { buildSite } from './site/site.js'

const OUT = fileURLToPath(new URL('../out', import.meta.url))
const MAX_PORT = 65_535

const { values } = parseArgs({
  options: { serve: { type: 'boolean', default: false }, port: { type: 'string', default: '0' } },
})
process.exitCode = await run(values.serve, values.port).catch((error: unknown) => {
  console.error((error as Error).message)
  return 1
})

async function run(isServed: boolean, port: string): Promise<number> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > MAX_PORT) {
    throw new RangeError(`Invalid "--port": expected a whole number from 0 to ${MAX_PORT}, got "${port}"`)
  }
  const problems = await buildSite(OUT)
  for (const problem of problems) console.error(problem)
  console.log(`The site is in ${OUT}`)
  if (isServed) await serveUntilStopped(Number(port))
  return problems.length === 0 ? 0 : 1
}

async function serveUntilStopped(port: number): Promise<void> {
  const stop = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const served = await serve(OUT, port)
  console.log(`Serving it at ${served.url} (Ctrl-C ends it)`)
  await stop
  await served.close()
}
