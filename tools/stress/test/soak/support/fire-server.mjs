/*
 * A server that is told by its parent what to do, and that SIGTERM ends. Clients say in one word what is to become of them:
 *
 *   ask    the answer at once
 *   busy   the answer when the parent says so
 *   idle   nothing: the handler waits for more
 *   stuck  more than they will ever read
 */
import { createTcpServer } from '@sock/tcp'
import { createUnixServer } from '@sock/unix'
import { once } from 'node:events'
import { existsSync } from 'node:fs'

/** How often a blocked process looks whether it may go on, in ms. */
const LOOK = 2
/** A day, in ms. */
const NEVER = 24 * 60 * 60_000

const [setup] = await once(process, 'message')
const answer = Buffer.alloc(setup.answerBytes, 'answer ')
const waiting = { ask: 0, busy: 0, idle: 0, stuck: 0 }
let release
const released = new Promise((resolve) => (release = resolve))

const roles = {
  ask: (connection) => connection.write(answer),
  async busy(connection) {
    await released
    await connection.write(answer)
  },
  async idle(connection) {
    await connection.read()
  },
  async stuck(connection) {
    for (let isCounted = false; ;) {
      const written = connection.write(answer)
      if (connection.writableNeedDrain && !isCounted) {
        isCounted = true
        tell('stuck')
      }
      await written
    }
  },
}

async function handler(connection) {
  const role = String(await connection.read())
  if (role !== 'stuck') tell(role)
  await roles[role](connection)
}

function tell(role) {
  waiting[role] += 1
  process.send({ waiting })
}

// Only the parent sets a deadline: on a slow machine any other could strike those who get on. And one of those that wait to
// be accepted may be slow to ask: its process serves ten thousand more.
const limits = { shutdownTimeout: NEVER, drainIdle: 5_000 }
const secured = setup.tls && { tls: setup.tls, handshakeTimeout: NEVER }
const server =
  setup.transport === 'unix'
    ? createUnixServer(handler, limits)
    : createTcpServer(handler, { ...limits, ...secured })
const address = await server.listen(setup.target)

process.once('SIGTERM', () => void leave())
process.on('message', ({ blockUntil, isReleased, deadline }) => {
  if (isReleased) release()
  if (deadline) limit(deadline)
  if (blockUntil) process.send({ isBlocked: true }, () => block(blockUntil))
})
process.send({ address })

/**
 * Sets a deadline once only the stuck are left: on a slow machine one that was set before could strike while others are
 * still at it. Of several deadlines the earliest counts.
 */
function limit(timeout) {
  const look = () => {
    if (server.openConnections > waiting.stuck) return
    stop()
    server.shutdown({ timeout }).catch(() => undefined)
  }
  const stop = server.on('connection', ({ state }) => state === 'close' && look())
  look()
}

async function leave() {
  const report = await server.shutdown().catch((error) => error.report)
  // Nothing else is to keep this process alive.
  process.send({ report }, () => process.disconnect())
}

/** The event loop stands still until the file is there: meanwhile peers wait to be accepted, and signals to be seen. */
function block(file) {
  const never = new Int32Array(new SharedArrayBuffer(4))
  while (!existsSync(file)) Atomics.wait(never, 0, 0, LOOK)
}
