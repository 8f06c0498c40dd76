import { expect, it } from '@jest/globals'
import { Program } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { ConnectionStream } from '@sock/core'
import { createCertificates } from './support/certificates.js'
import { engines } from './support/engines.js'
import { closed, dialRaw, serve } from './support/servers.js'

type Served = Socket | ConnectionStream

/** A program for sockets, and its peer. Over `connection.stream`, both must see the same. */
interface Scene {
  readonly name: string
  /** What the program does with its socket. `note` adds to what is compared. */
  readonly program: (socket: Served, note: (what: unknown) => void) => void
  /** What the peer does, a socket that is paused until `read` is called. By default it sends `hi`, and reads. */
  readonly peer?: (socket: Socket, read: () => void) => void
  /**
   * TLS has no reset of its own. There Node says later that it has sent something, and whether a second write still leaves
   * before destroy() is a matter of time.
   */
  readonly onlyTcp?: boolean
}

const hi = (socket: Socket): void => void socket.write('hi')

const scenes: readonly Scene[] = [
  {
    name: 'never reads, and its peer ends',
    program: () => {},
    peer: (socket, read) => {
      read()
      socket.end()
    },
  },
  {
    name: 'ends and never reads, and its peer ends',
    program: (socket) => void socket.end('bye'),
    peer: (socket, read) => {
      read()
      socket.once('end', () => socket.end())
    },
  },
  {
    name: 'pauses after the first chunk, and its peer ends',
    program(socket) {
      socket.once('data', () => {
        socket.pause()
        socket.write('enough')
      })
    },
    peer(socket, read) {
      read()
      hi(socket)
      socket.once('data', () => socket.end())
    },
  },
  {
    name: 'never reads, and its peer resets',
    onlyTcp: true,
    program: (socket) => void socket.write('come'),
    peer(socket, read) {
      read()
      socket.once('data', () => socket.resetAndDestroy())
    },
  },
  {
    name: 'reads, and its peer resets',
    onlyTcp: true,
    program(socket, note) {
      socket.resume().write('come')
      socket.on('error', ({ message, errno, syscall }: NodeJS.ErrnoException) =>
        note({ message, errno, syscall }),
      )
    },
    peer(socket, read) {
      read()
      socket.once('data', () => socket.resetAndDestroy())
    },
  },
  {
    name: 'writes twice and destroys',
    onlyTcp: true,
    program(socket) {
      socket.once('data', () => {
        socket.write('one ')
        socket.write('two')
        socket.destroy()
      })
    },
  },
  {
    name: 'writes twice and destroys with an error',
    onlyTcp: true,
    program(socket) {
      socket.once('data', () => {
        socket.write('one ')
        socket.write('two')
        socket.destroy(new Error('enough'))
      })
    },
  },
  {
    name: 'destroys with an error, before its peer has read what was written',
    program(socket) {
      socket.once('data', () => {
        socket.write('half an answer')
        socket.once('data', () => socket.destroy(new Error('enough')))
      })
    },
    peer(socket, read) {
      hi(socket)
      socket.once('readable', () => {
        socket.write('again', read)
      })
    },
  },
  {
    name: 'writes after its end',
    program(socket) {
      socket.once('data', () => {
        socket.end('bye')
        socket.write('late', (error) => void error)
      })
    },
  },
  {
    name: 'resets',
    onlyTcp: true,
    program: (socket) => void socket.once('data', () => socket.resetAndDestroy()),
  },
  {
    name: 'writes a little, and waits for the callback',
    onlyTcp: true,
    program(socket, note) {
      socket.once('data', () => {
        socket.write('abc', () => note('callback'))
        note([socket.writableLength, socket.bytesWritten])
        process.nextTick(() => {
          note('next tick')
          socket.end()
        })
      })
    },
  },
  {
    name: 'ends at the end of its peer, by itself',
    program: (socket) => void socket.resume(),
    peer(socket, read) {
      read()
      socket.end('all')
    },
  },
]

const EVENTS = ['end', 'finish', 'error', 'close'] as const

/** Plays a scene at a server. @returns what the program and its peer have seen */
async function play(
  { program, peer = playSimplePeer }: Scene,
  listen: (take: (socket: Served) => void) => Promise<() => Socket>,
): Promise<unknown> {
  const seen: unknown[] = []
  const heard: unknown[] = []
  let taken!: () => void
  const isOver = new Promise<void>((resolve) => (taken = resolve))
  const dialPeer = await listen((socket) => {
    for (const name of EVENTS) {
      socket.on(name, (what?: boolean | NodeJS.ErrnoException) => {
        seen.push(what === undefined ? name : [name, nameOf(what)])
      })
    }
    socket.once('close', taken)
    program(socket, (what) => void seen.push(what))
  })
  const socket = dialPeer()
  later(() => socket.destroy())
  let text = ''
  socket.on('error', (error) => void heard.push(nameOf(error)))
  socket.once('end', () => heard.push('end'))
  await once(socket, 'encrypted' in socket ? 'secureConnect' : 'connect')
  peer(socket, () => void socket.on('data', (data) => (text += String(data))))
  await isOver
  await closed(socket)
  return { seen, heard: [text, ...heard] }
}

function playSimplePeer(socket: Socket, read: () => void): void {
  read()
  hi(socket)
}

/** Errors have other prototypes than in this file. */
const nameOf = (what: boolean | NodeJS.ErrnoException): unknown =>
  typeof what === 'boolean' ? what : (what.code ?? what.message)

/** Listens with a server of Node. */
async function listenRaw(server: Server, dial: (port: number) => Socket): Promise<() => Socket> {
  later(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return () => dial(port)
}

const dialPlain = (port: number): Socket => connect(port, '127.0.0.1')
const { server: tls } = await createCertificates()
const dialEncrypted = (port: number): Socket =>
  connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })

/** Each way to serve, with the servers that are compared. */
const ways = [
  ...engines.map((engine) => ({ ...engine, dial: dialPlain, isTls: false })),
  {
    ...(engines[0] as (typeof engines)[0]),
    name: ' over TLS',
    options: { tls },
    dial: dialEncrypted,
    isTls: true,
  },
]

ways.forEach(({ name, options, describe, dial, isTls }) => {
  describe(`connection.stream${name}`, () => {
    const playable = scenes.filter(({ onlyTcp }) => onlyTcp !== true || !isTls)
    it.each(playable)(
      `connection.stream${name} shows the events of a socket, in the same order, to a program that $name`,
      async (scene) => {
        const expected = await play(scene, (take) => {
          const server = isTls ? createTlsServer(tls, take) : createServer(take)
          return listenRaw(server, dial)
        })
        const found = await play(scene, async (take) => {
          const { address } = await serve({ open: ({ stream }) => take(stream) }, options)
          return () => dial(address.port)
        })
        expect(found).toEqual(expected)
      },
    )
  })
})

/** The members of a socket that say where it is. */
const placeOf = (socket: Served) => ({
  remoteAddress: socket.remoteAddress,
  remoteFamily: socket.remoteFamily,
  localAddress: socket.localAddress,
  localFamily: socket.localFamily,
  address: { ...socket.address(), port: 0 },
})

engines.forEach(({ name, options, describe }) => {
  describe(`connection.stream${name}`, () => {
    it(`connection.stream${name} has the address of an IPv4 peer of an IPv6 server as a socket has it, the connection as IPv4`, async () => {
      const raw = createServer((socket) => void socket.end())
      later(() => void raw.close())
      await once(raw.listen(0, '::'), 'listening')
      const accepted = once(raw, 'connection') as Promise<[Socket]>
      const expected = accepted.then(([socket]) => placeOf(socket))
      connect((raw.address() as AddressInfo).port, '127.0.0.1').resume()
      const hosts: unknown[] = []
      const { address } = await serve(
        ({ stream, remoteAddress, localAddress }) => {
          hosts.push(placeOf(stream), remoteAddress?.host, localAddress.host)
        },
        options,
        '[::]:0',
      )
      const socket = connect(address.port, '127.0.0.1').resume()
      await closed(socket)
      expect(hosts).toEqual([await expected, '127.0.0.1', '127.0.0.1'])
    })
  })
})

const THROWING = fileURLToPath(new URL('support/throwing-listeners.mjs', import.meta.url))

/** What becomes of exceptions in the listeners of a server of this kind. */
async function playThrowing(kind: string): Promise<unknown[]> {
  const program = new Program(process.execPath, [THROWING, kind])
  const hear = async (): Promise<unknown> => JSON.parse(await program.hear())
  const host = '127.0.0.1'
  const [plain, http] = [(await hear()) as number, (await hear()) as number]
  const seen: unknown[] = []
  const socket = await dialRaw({ host, port: plain, family: 'ipv4' })
  for (const text of ['throw', 'more']) {
    socket.write(text)
    seen.push(await hear())
  }
  socket.resume().write('write')
  seen.push(await hear())
  const client = await dialRaw({ host, port: http, family: 'ipv4' })
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  seen.push(await hear())
  await program.end()
  return seen
}

engines.forEach(({ name, options, describe }) => {
  describe(`listeners${name}`, () => {
    it(`listeners${name} of a stream that throw cause an uncaught exception, as those of a socket, and the stream still reads`, async () => {
      const [found, expected] = await Promise.all([
        playThrowing(options.engine?.name ?? 'node'),
        playThrowing('net'),
      ])
      expect(expected).toEqual([
        ['data', 'uncaughtException'],
        'still reads more',
        ['written', 'uncaughtException'],
        ['request', 'uncaughtException'],
      ])
      expect(found).toEqual(expected)
    })
  })
})
