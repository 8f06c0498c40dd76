/*
 * Opens and closes connections, in batches of 100, and prints what the process holds meanwhile:
 * `node --expose-gc connections.mjs <transport> <number>`. Both ends are here, both over the native engine.
 */
import { engine } from '@sock/native'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fixtures } from './fixtures.mjs'

const BATCH = 100
const REPORTS = 10

const [transport = '', total = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'sock-connections-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const { createServer, connect, target } = fixtures(engine, folder)[transport]

const server = createServer(async (connection) => {
  for await (const chunk of connection) await connection.write(chunk)
})
const address = await server.listen(target())

async function visit() {
  const client = await connect(address)
  await client.write('x')
  if (String(await client.read()) !== 'x') throw new Error('What came back is not what was sent')
  // With a reset over tcp, which leaves no port that waits.
  client.destroy()
}

/** Until all of the server's are gone as well. */
async function settle() {
  while (server.stats().open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
}

for (let done = 0; done < Number(total);) {
  const end = Math.min(done + Math.ceil(Number(total) / REPORTS / BATCH) * BATCH, Number(total))
  for (; done < end; done += BATCH) await Promise.all(Array.from({ length: BATCH }, visit))
  await settle()
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const descriptors = readdirSync('/proc/self/fd').length
  const mib = (bytes) => (bytes / 1024 / 1024).toFixed(1)
  console.log(
    `${transport} ${done} RSS ${mib(rss)} MiB, heap ${mib(heapUsed)} MiB, external ${mib(external)} MiB, ${descriptors} descriptors`,
  )
}
console.log(`${server.stats().accepted} accepted`)
await server.shutdown()
