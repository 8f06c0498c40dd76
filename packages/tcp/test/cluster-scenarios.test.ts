import { describe, expect, it } from '@jest/globals'
import { startTool } from '@sock/tools/testing/programs'
import { later } from '@sock/tools/testing/resources'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { createCertificates } from './support/certificates.js'

const PROGRAM = fileURLToPath(new URL('support/cluster.mjs', import.meta.url))
const PEERS = 4

describe('a worker of a cluster that starts while peers wait in the primary', () => {
  it.each(['tcp', 'tls'])(
    'a worker of a cluster that starts while peers wait in the primary serves the one that it gets before it is told that it listens: %s',
    async (kind) => {
      const folder = mkdtempSync(join(tmpdir(), 'sock-cluster-'))
      later(() => rmSync(folder, { recursive: true }))
      const { ca, server } = await createCertificates()
      if (kind === 'tls') writeFileSync(join(folder, 'tls.json'), JSON.stringify(server))

      const primary = startTool(process.execPath, [PROGRAM, folder])
      primary.stderr.pipe(process.stderr)
      const [line] = (await once(createInterface({ input: primary.stdout }), 'line')) as [string]
      const peers = Array.from({ length: PEERS }, () => {
        const socket = connect(Number(line), '127.0.0.1')
        later(() => socket.destroy())
        return { socket, stream: kind === 'tls' ? connectTls({ socket, ca, host: 'localhost' }) : socket }
      })
      await Promise.all(peers.map(({ socket }) => once(socket, 'connect')))
      primary.stdin.write('start another\n')
      const answers = peers.map(async ({ stream }, index) => {
        stream.write(`${index}`)
        return `${(await once(stream, 'data'))[0]}`
      })
      expect(await Promise.all(answers)).toEqual(peers.map((_, index) => `${index}`))
      const left = once(primary, 'close')
      primary.stdin.end()
      await left
    },
  )
})
