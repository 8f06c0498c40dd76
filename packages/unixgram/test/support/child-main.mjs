// The program of the processes that child.ts starts: runs the function it is sent, with what it needs.
import fs from 'node:fs'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import * as unixgram from '../../dist/index.js'
import { UnixDgramSocket } from '../../dist/lib/unix-dgram.js'

const inbox = []
let wake = () => {}

const context = {
  fs,
  net,
  ...unixgram,
  UnixDgramSocket,
  become(uid) {
    process.setgroups([])
    process.setgid(uid)
    process.setuid(uid)
  },
  say(said) {
    process.send({ said })
  },
  async hear() {
    while (inbox.length === 0) await new Promise((resolve) => (wake = resolve))
    return inbox.shift()
  },
  async until(condition) {
    while (!condition()) await delay(2)
  },
}

// The one who started us is gone.
const orphaned = () => process.exit(1)

async function main({ task, args, isNative }) {
  process.on('message', (message) => {
    inbox.push(message.said)
    wake()
  })
  // oxlint-disable-next-line no-eval -- it is a function of the test that started this process
  const run = (0, eval)(`(${task})`)
  const options = isNative ? { engine: (await import('@sock/native')).engine } : {}
  const outcome = await run({ ...context, options }, ...args).then(
    (result) => ({ result }),
    ({ code, message, stack }) => ({ failed: { code, message, stack } }),
  )
  process.off('disconnect', orphaned)
  // From here on nothing keeps the process but what the task has left.
  process.send(outcome, () => process.disconnect())
}

process.on('disconnect', orphaned)
process.once('message', (message) => void main(message))
