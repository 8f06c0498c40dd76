import type { LengthDecoderFunction } from 'it-length-prefixed'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { PREFIX_BYTES, type Framing, type MessageSession } from '../workloads/framed.js'
import { ANY_PORT, listen } from './ours.js'
import { TCP_OPTIONS } from './raw.js'
import type { Running, Setup, Subject } from './subject.js'

/** A server that cuts a stream into messages. */
export interface FramedSubject extends Subject {
  readonly framings: readonly Framing[]
}

type Serve = (socket: Socket, session: MessageSession) => void

const LINE_FEED = 10
/** The settings of subjects over a stream of Node. */
const LIBRARY = { transports: ['tcp'], isExtra: true } as const
const ALL = ['lines', 'frames'] as const

export const framedSubjects: readonly FramedSubject[] = [
  {
    name: 'raw',
    about: 'node:net, and a loop that cuts by hand',
    transports: ['tcp'],
    framings: ALL,
    start: (setup) => serveSockets(setup, setup.workload.name === 'lines' ? cutLines : cutFrames),
  },
  {
    name: 'callbacks',
    about: '@sock/framing with callbacks',
    transports: ['tcp'],
    framings: ALL,
    start: (setup) => serveFramed(setup, 'callbacks'),
  },
  {
    name: 'for-await',
    about: '@sock/framing with `for await`',
    transports: ['tcp'],
    framings: ALL,
    start: (setup) => serveFramed(setup, 'for-await'),
  },
  {
    ...LIBRARY,
    name: 'split2',
    about: 'split2 over node:net',
    framings: ['lines'],
    async start(setup) {
      const { default: split2 } = await import('split2')
      return serveSockets(setup, (socket, session) => {
        socket.pipe(split2()).on('data', (line: string) => session.received(line))
      })
    },
  },
  {
    ...LIBRARY,
    name: 'readline',
    about: 'node:readline over node:net',
    framings: ['lines'],
    start: (setup) =>
      serveSockets(setup, (socket, session) => {
        createInterface({ input: socket, crlfDelay: Infinity }).on('line', (line) => session.received(line))
      }),
  },
  {
    ...LIBRARY,
    name: 'it-lp',
    about: 'it-length-prefixed over node:net',
    framings: ['frames'],
    async start(setup) {
      const { decode } = await import('it-length-prefixed')
      const lengthDecoder: LengthDecoderFunction = (bytes) => bytes.getUint32(0)
      lengthDecoder.bytes = PREFIX_BYTES
      const serve = async (socket: Socket, session: MessageSession): Promise<void> => {
        for await (const frame of decode(socket, { lengthDecoder })) session.received(frame.subarray())
      }
      return serveSockets(setup, (socket, session) => void serve(socket, session))
    },
  },
]

async function serveSockets(setup: Setup, serve: Serve): Promise<Running> {
  const server = createServer(TCP_OPTIONS, (socket) => {
    socket.on('error', () => undefined)
    serve(socket, setup.workload.open() as MessageSession)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { address, port } = server.address() as AddressInfo
  return { place: { host: address, port }, drain: async () => void server.close() }
}

async function serveFramed({ workload }: Setup, form: string): Promise<Running> {
  const { framed, lengthPrefixed, lines } = await import('@sock/framing')
  const { createTcpServer } = await import('@sock/tcp')
  const codec = (workload.name === 'lines' ? lines() : lengthPrefixed({ bytes: PREFIX_BYTES })) as ReturnType<
    typeof lines
  >
  const open = (): MessageSession => workload.open() as MessageSession
  const handler =
    form === 'callbacks'
      ? framed(codec, {
          open: (peer) => void (peer.data = open()),
          message: (peer, message) => (peer.data as MessageSession).received(message),
        })
      : framed(codec, async (peer) => {
          const session = open()
          for await (const message of peer) session.received(message)
        })
  return listen(createTcpServer(handler), ANY_PORT)
}

/** The usual loop written by hand: without a limit, and without back-pressure. */
function cutLines(socket: Socket, session: MessageSession): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (data) => {
    const chunk = rest.length === 0 ? data : Buffer.concat([rest, data])
    let at = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, at)) {
      session.received(chunk.toString('utf8', at, end))
      at = end + 1
    }
    rest = chunk.subarray(at)
  })
}

function cutFrames(socket: Socket, session: MessageSession): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (data) => {
    const chunk = rest.length === 0 ? data : Buffer.concat([rest, data])
    let at = 0
    while (chunk.length - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + chunk.readUInt32BE(at)
      if (end > chunk.length) break
      session.received(chunk.subarray(at + PREFIX_BYTES, end))
      at = end
    }
    rest = chunk.subarray(at)
  })
}
