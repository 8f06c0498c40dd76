import { expect, it } from '@jest/globals'
import type { StreamHandler, StreamServerOptions } from '@sock/core'
import { provoke, type Scene, type StreamFixture, echo } from '@sock/testing'
import { itWith } from '@sock/test-support/needs'
import { until } from '@sock/test-support/wait'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { connectUnix, createUnixServer, type UnixAddress } from '../src/index.js'
import { engines } from './support/engines.js'
import { useScratch } from './support/scratch.js'

const scratch = useScratch()
const TIMEOUT = 120_000
let count = 0

/** Runs a Python client of the server to its end, while our event loop is blocked. */
function runClient(scene: Scene, code: string): void {
  const client = `import socket\npath = ${JSON.stringify((scene.address as UnixAddress).path)}\n${code}`
  const { status, stderr } = spawnSync('python3', ['-c', client], { encoding: 'utf8', timeout: TIMEOUT })
  expect(`${stderr}${status}`).toBe('0')
}

for (const { name, options, describe } of engines) {
  const fixture: StreamFixture = {
    name: 'unix',
    createServer: (handler: StreamHandler, more?: StreamServerOptions) =>
      createUnixServer(handler, { ...options, ...more }),
    target: () => scratch.path(`${++count}.sock`),
    connect: (address, more) => connectUnix(address as never, { ...options, ...more }),
    leftovers: () => scratch.names(),
  }

  describe(`a peer that is gone before it is accepted${name}`, () => {
    itWith(
      'python3',
      'a peer that is gone before it is accepted is counted and closed, with or without having said something (A2)',
      () =>
        provoke(fixture, async (stage) => {
          const scene = await stage.serve(echo)
          runClient(
            scene,
            `
for say in [b'', b'x'] * 10:
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    peer.sendall(say)
    peer.close()
`,
          )
          await until(
            () => scene.events.filter(({ state }) => state === 'close').length === 20,
            'all are closed',
          )
          expect(scene.server.stats()).toMatchObject({
            accepted: 20,
            open: 0,
            bytesRead: 10,
            handlerErrors: 0,
          })
          expect(scene.errors).toEqual([])
          return scene
        }),
    )
  })

  describe(`an urgent byte${name}`, () => {
    itWith(
      'python3',
      'an urgent byte, where the system has one, is not part of the input, and affects no other connection (A17)',
      () =>
        provoke(fixture, async (stage) => {
          let got = ''
          const scene: Scene = await stage.serve({
            data(connection, chunk) {
              // The peer has closed, so an answer would discard its remaining bytes.
              if (scene.events.some(({ state }) => state === 'close')) return connection.write(chunk)
              got += String(chunk)
              return undefined
            },
          })
          runClient(
            scene,
            `
peer = socket.socket(socket.AF_UNIX)
peer.connect(path)
peer.sendall(b'before')
try:
    peer.send(b'!', socket.MSG_OOB)
except OSError:
    pass
peer.sendall(b'after')
peer.close()
`,
          )
          await until(() => scene.events.at(-1)?.state === 'close', 'the connection is closed')
          expect(got).toMatch(/^before(after)?$/)
          expect(scene.errors).toEqual([])
          return scene
        }),
    )
  })

  describe(`an abstract name${name}`, () => {
    const isPermitted = spawnSync('unshare', ['-n', 'true']).status === 0
    const title = 'an abstract name is not seen from another network namespace (E12)'

    if (!isPermitted) it.skip(`${title} (skipped: needs unshare, and leave to make a namespace)`, () => {})
    else
      itWith('python3', title, () =>
        provoke(
          { ...fixture, target: () => `@sock-test-${randomBytes(6).toString('hex')}` },
          async (stage) => {
            const scene = await stage.serve(echo)
            const { path } = scene.address as UnixAddress
            const client = `
import socket, sys
try:
    socket.socket(socket.AF_UNIX).connect('\\0' + sys.argv[1])
except OSError as error:
    print(error.errno == 111)
`
            const args = ['-n', 'python3', '-c', client, path.replace(/^[@\0]/, '')]
            const result = spawnSync('unshare', args, { encoding: 'utf8', timeout: TIMEOUT })
            expect(`${result.stderr}${result.stdout}`.trim()).toBe('True')
            return scene
          },
        ),
      )
  })
}
