// A child sees none of our descriptors.
import { engine } from '@sock/native'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { echoOn, SOCKETS, tell } from './tools.mjs'

const script =
  'for (const f of require("fs").readdirSync("/proc/self/fd")) { try { console.log(require("fs").readlinkSync("/proc/self/fd/" + f)) } catch {} }'
const count = () =>
  execFileSync(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('socket:')).length
const before = count()
const accepted = []
const listener = await echoOn(engine, { accept: (port) => accepted.push(port) })
const { address, port } = listener.address
const client = await engine.connectStream({ kind: 'ip', host: '127.0.0.1', port, address }, SOCKETS)
while (accepted.length === 0) await new Promise(setImmediate)
const ours = readdirSync('/proc/self/fd').length
tell({ more: count() - before, hasSome: ours > 4 })
client.destroy()
accepted[0].destroy()
await listener.close()
