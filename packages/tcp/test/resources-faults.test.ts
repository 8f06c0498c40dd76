import { expect, it } from '@jest/globals'
import type { IpAddress } from '@sock/core'
import { withTool } from '@sock/test-support/needs'
import { until } from '@sock/test-support/wait'
import type { Socket } from 'node:net'
import { engines } from './support/engines.js'
import { startFaultServer, type FaultServer } from './support/fault-server.js'
import { closed, dialRaw } from './support/servers.js'

const onLinux = process.platform === 'linux' ? it : it.skip
const withStrace = withTool('strace')

/** Whether a bare client gets its echo, rather than the end. */
async function isServed(socket: Socket): Promise<boolean> {
  let outcome: boolean | undefined
  socket.once('data', () => (outcome = true))
  socket.once('close', () => (outcome ??= false))
  socket.write('x')
  await until(() => outcome !== undefined, 'the client gets an answer or the end')
  return outcome as boolean
}

/** Checks that the server has no connection left, serves the next client, and ends on request. */
async function standsIt(server: FaultServer): Promise<void> {
  const next = await dialRaw(server.address)
  expect(await isServed(next)).toBe(true)
  next.end()
  await closed(next)
  expect(await server.leave()).toBe(0)
}

async function dialMany(address: IpAddress, count: number): Promise<Socket[]> {
  return Promise.all(Array.from({ length: count }, () => dialRaw(address)))
}

/** The first three accept4() of a process fail. */
function failingAccept(code: string): string[] {
  const inject = `inject=accept4:error=${code}:when=1..3`
  return ['-f', '-qq', '--seccomp-bpf', '-o', '/dev/null', '-e', 'trace=accept4', '-e', inject]
}

for (const { name, options, describe } of engines) {
  describe(`a process whose descriptors run out${name}`, () => {
    onLinux(
      'a process that runs out of descriptors refuses peers, counts and reports them, and serves again later (G1)',
      async () => {
        const clients = 60
        const server = await startFaultServer('sh', ['-c', 'ulimit -n 64 && exec "$0" "$@"'], options)
        const before = await server.report()
        const sockets = await dialMany(server.address, clients)
        const served = (await Promise.all(sockets.map(isServed))).filter(Boolean).length
        const during = await server.report()
        expect(served).toBeGreaterThan(0)
        expect(served).toBeLessThan(clients)
        // Each client that was not served is counted.
        const refused = clients - served
        expect(during).toMatchObject({
          accepted: served,
          open: served,
          rejected: { descriptorLimit: refused },
        })
        expect(during.errors).toEqual({ ERR_SOCK_DESCRIPTOR_LIMIT: refused })
        for (const socket of sockets) socket.destroy()
        await Promise.all(sockets.map(closed))
        let after = await server.report()
        while (after.open > 0) after = await server.report()
        expect(after.descriptors).toBeLessThanOrEqual(before.descriptors)
        await standsIt(server)
      },
    )
  })

  describe(`an accept4() that fails${name}`, () => {
    withStrace.each(['ENOBUFS', 'ENOMEM', 'EPERM', 'ECONNABORTED'])(
      'accept4() that fails three times with %s does not end the server, which then serves the waiting peers (G2)',
      async (code) => {
        const server = await startFaultServer('strace', failingAccept(code), options)
        const sockets = await dialMany(server.address, 5)
        expect(await Promise.all(sockets.map(isServed))).toEqual(Array(5).fill(true))
        const { errors, ...stats } = await server.report()
        expect(stats).toMatchObject({ accepted: 5, open: 5 })
        // A peer that is gone before it is accepted is no failure of the server. Node does not report other failures.
        const isTold = options.engine !== undefined && code !== 'ECONNABORTED'
        expect(errors).toEqual(isTold ? { [code]: 3 } : {})
        for (const socket of sockets) socket.destroy()
        await Promise.all(sockets.map(closed))
        await standsIt(server)
      },
    )

    // The system has no free file descriptor: libuv accepts waiting peers and closes them, and Node reports nothing. The native
    // engine reports the failed call.
    withStrace('accept4() that fails with ENFILE affects the waiting peers only (G2)', async () => {
      const server = await startFaultServer('strace', failingAccept('ENFILE'), options)
      const sockets = await dialMany(server.address, 5)
      const served = (await Promise.all(sockets.map(isServed))).filter(Boolean).length
      const { errors, ...stats } = await server.report()
      expect(stats).toMatchObject({ accepted: served, open: served })
      if (options.engine === undefined) expect(served).toBeLessThan(5)
      else expect(served).toBe(4)
      expect(errors).toEqual(options.engine === undefined ? {} : { ENFILE: 2 })
      for (const socket of sockets) socket.destroy()
      await Promise.all(sockets.map(closed))
      await standsIt(server)
    })
  })
}
