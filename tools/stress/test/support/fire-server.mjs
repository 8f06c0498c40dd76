/*
 * A server that SIGTERM ends, and whose parent says when. Clients say in one word what is to become of them:
 *
 *   ask    the answer at once
 *   busy   the answer when the parent says so
 *   idle   nothing: the handler waits for more
 *   stuck  more than they will ever read
 */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createTcpServer } from '@sock/tcp'
import { serveParent } from '@sock/tools/children'
import { createUnixServer } from '@sock/unix'

/** In ms: how often a blocked process looks whether it may go on. */
const LOOK = 2
/** A day, in ms. */
const NEVER = 24 * 60 * 60_000

const waiting = { ask: 0, busy: 0, idle: 0, stuck: 0 }
const changed = new EventTarget()
const released = once(changed, 'release')
const terminated = once(process, 'SIGTERM')
let answer
let server

const roles = {
  ask: (connection) => connection.write(answer),
  async busy(connection) {
    await released
    await connection.write(answer)
  },
  idle: (connection) => connection.read(),
  async stuck(connection) {
    for (let isCounted = false; ;) {
      const written = connection.write(answer)
      if (connection.writableNeedDrain && !isCounted) {
        isCounted = true
        count('stuck')
      }
      await written
    }
  },
}

async function handler(connection) {
  const role = String(await connection.read())
  if (role !== 'stuck') count(role)
  await roles[role](connection)
}

function count(role) {
  waiting[role] += 1
  changed.dispatchEvent(new Event('change'))
}

serveParent({
  listen(transport, target, tls, answerBytes) {
    answer = Buffer.alloc(answerBytes, 'answer ')
    // Only the parent sets a deadline: on a slow machine any other could strike those who get on. And one of those that wait
    // to be accepted may be slow to ask.
    const limits = { shutdownTimeout: NEVER, drainIdle: 5_000 }
    const secured = tls && { tls, handshakeTimeout: NEVER }
    server =
      transport === 'unix'
        ? createUnixServer(handler, limits)
        : createTcpServer(handler, { ...limits, ...secured })
    return server.listen(target)
  },
  /** Resolves when so many clients are in their place. */
  async whenWaiting(role, wanted) {
    while (waiting[role] < wanted) await once(changed, 'change')
  },
  /** Soon the event loop stands still until the file is there: meanwhile peers wait to be accepted, and signals to be seen. */
  block(file) {
    const never = new Int32Array(new SharedArrayBuffer(4))
    setTimeout(() => {
      while (!existsSync(file)) Atomics.wait(never, 0, 0, LOOK)
    }, 1)
  },
  release: () => void changed.dispatchEvent(new Event('release')),
  /** Sets a deadline once only the stuck are left: one that was set before could strike while others are still at it. */
  limit(timeout) {
    const look = () => {
      if (server.openConnections > waiting.stuck) return
      stop()
      server.shutdown({ timeout }).catch(() => undefined)
    }
    const stop = server.on('connection', ({ state }) => state === 'close' && look())
    look()
  },
  /** What the shutdown by SIGTERM comes to. */
  async report() {
    await terminated
    return server.shutdown().catch((error) => error.report)
  },
})
