import { createFolder } from '@sock/tools/folder'
import { Program } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Running } from './grounds.js'

/** Starts HAProxy in front of a server of ours, and gives the path of the socket on which it listens. */
export async function startHaproxy({ ground, path, port, caFile }: Running): Promise<string> {
  const folder = createFolder('haproxy')
  later(() => folder.remove())
  const front = join(folder.path, 'front.sock')
  const config = join(folder.path, 'haproxy.cfg')
  const tls = ground.isSecure ? `ssl ca-file ${caFile} verifyhost localhost` : ''
  writeFileSync(
    config,
    `defaults
  mode http
  timeout connect 1h
  timeout client 1h
  timeout server 1h
listen all
  bind unix@${front}
  server ours ${ground.isUnix ? `unix@${path}` : `127.0.0.1:${port}`} ${tls}
`,
  )
  const haproxy = new Program('haproxy', ['-db', '-q', '-f', config])
  let hasEnded = false
  void haproxy.ended.then(() => (hasEnded = true))
  let listens = false
  // The file exists before HAProxy listens on it.
  const attempt = (): void => {
    const socket = connect(front)
    socket.once('connect', () => {
      listens = true
      socket.destroy()
    })
    socket.once('error', () => void (hasEnded || setTimeout(attempt, 10)))
  }
  attempt()
  await until(() => listens || hasEnded, 'HAProxy listens')
  return front
}
