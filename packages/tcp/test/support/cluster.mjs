// A cluster of echo servers. The first worker hangs while peers connect, so that they wait in the primary; then a second
// one starts. Says where they listen; starts the second worker when its input says so; ends when its input ends.
// Its argument is a folder, with `tls.json` in it if TLS is to be spoken.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createTcpServer } from '../../dist/index.js'

const folder = process.argv[2]
const goesOn = `${folder}/goes-on`

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_RR
  const first = cluster.fork()
  const [{ port }] = await once(first, 'listening')
  first.send('hang')
  await once(first, 'message')
  console.log(port)
  const lines = createInterface({ input: process.stdin })
  await once(lines, 'line')
  await once(cluster.fork(), 'listening')
  writeFileSync(goesOn, '')
  await once(lines, 'close')
  process.exit()
} else {
  const tls = existsSync(`${folder}/tls.json`) ? JSON.parse(readFileSync(`${folder}/tls.json`)) : undefined
  const server = createTcpServer({ data: (connection, chunk) => connection.write(chunk) }, { tls })
  await server.listen('127.0.0.1:0')
  process.once('message', () => process.send('hanging', hang))
}

/** Waits for the file, or for the end of the process that would create it. */
function hang() {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  while (!existsSync(goesOn) && existsSync(folder)) Atomics.wait(pause, 0, 0, 10)
}
