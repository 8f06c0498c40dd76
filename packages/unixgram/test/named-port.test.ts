import { describe, expect, it } from '@jest/globals'
import type { DatagramPort, DatagramPortSink } from '@sock/core/datagram'
import { unixAddress } from '@sock/core/transport'
import { createNamedPort, type Naming } from '../src/lib/named-port.js'
import type { UnixgramPort } from '../src/lib/unixgram-engine.js'

const OWN = '/tmp/client'
const SERVER = '/run/app.sock'

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code })
}

/** A named port over a fake one, which records its calls, gives these results in turn, and then succeeds. */
function create(naming: Partial<Naming> = {}, local = OWN) {
  const calls: string[] = []
  const sends: (Error | undefined)[] = []
  const connects: (Error | undefined)[] = []
  const failed: unknown[] = []
  const below = {
    localAddress: unixAddress(local),
    remoteAddress: undefined,
    socket: { fd: 7 },
    maxMessageBytes: 1_000,
    start: () => void calls.push('start'),
    send(data, to, sending) {
      calls.push(`send ${data} to ${to === undefined ? 'the peer' : to}`)
      sending.done(sends.shift())
    },
    bind: () => {},
    connect(name) {
      calls.push(`connect ${name.replace('\0', '<NUL>')}`)
      const error = connects.shift()
      if (error !== undefined) throw error
    },
    close: () => void calls.push('close'),
  } satisfies UnixgramPort
  const port = createNamedPort(below, {
    removeFiles: () => void calls.push('removeFiles'),
    peer: { name: SERVER, path: SERVER },
    ...naming,
  })
  port.start({ failed: (error: Error) => void failed.push(error) } as DatagramPortSink)
  calls.length = 0
  return { port, calls, sends, connects, failed }
}

/** Sends a datagram. @returns the code of the error, or `sent` */
function send(port: DatagramPort, to?: string): string {
  let result = 'not answered'
  const done = (error?: NodeJS.ErrnoException | null): void => void (result = error?.code ?? 'sent')
  port.send(Buffer.from('x'), to === undefined ? undefined : unixAddress(to), { done })
  return result
}

describe('send', () => {
  it('NamedPort.send() goes to the connected peer, also by its address, and to any other receiver by that', () => {
    const { port, calls } = create()
    expect([send(port), send(port, SERVER), send(port, '/run/other')]).toEqual(['sent', 'sent', 'sent'])
    expect(calls).toEqual(['send x to the peer', 'send x to the peer', 'send x to /run/other'])
  })

  it('NamedPort.send() to a peer that has restarted connects to it again, and sends once more', () => {
    const { port, calls, sends } = create()
    sends.push(systemError('ECONNREFUSED'))
    expect(send(port)).toBe('sent')
    expect(calls).toEqual(['send x to the peer', `connect ${SERVER}`, 'send x to the peer'])
  })

  it('NamedPort.send() to a peer that is gone connects the socket to itself, so that nobody else can send to it', () => {
    const { port, calls, sends, connects, failed } = create()
    sends.push(systemError('ECONNREFUSED'))
    connects.push(systemError('ENOENT'))
    expect(send(port)).toBe('ECONNREFUSED')
    expect(calls).toEqual(['send x to the peer', `connect ${SERVER}`, `connect ${OWN}`])
    expect(failed).toEqual([])
  })

  it('NamedPort.send() to a peer that was gone connects to its successor first, and fails if there is none', () => {
    const { port, calls, sends, connects } = create()
    sends.push(systemError('ECONNREFUSED'))
    connects.push(systemError('ENOENT'), undefined, systemError('ECONNREFUSED'))
    send(port)
    calls.length = 0
    expect(send(port)).toBe('ECONNREFUSED')
    expect(calls).toEqual([`connect ${SERVER}`])
    expect(send(port)).toBe('sent')
    expect(send(port)).toBe('sent')
    expect(calls.slice(1)).toEqual([`connect ${SERVER}`, 'send x to the peer', 'send x to the peer'])
  })

  it('NamedPort.send() to a peer that is gone reports that the own file of the client is gone, too', () => {
    const { port, sends, connects, failed } = create()
    sends.push(systemError('ECONNREFUSED'))
    connects.push(systemError('ENOENT'), systemError('ENOENT'))
    expect(send(port)).toBe('ECONNREFUSED')
    expect(failed).toMatchObject([{ code: 'ENOENT' }])
  })

  it('NamedPort.send() to a peer that is gone connects a client with an abstract name to itself, by its NUL byte', () => {
    const { port, calls, sends, connects } = create({}, '@client')
    sends.push(systemError('ECONNREFUSED'))
    connects.push(systemError('ECONNREFUSED'))
    send(port)
    expect(calls.at(-1)).toBe('connect <NUL>client')
  })

  it('NamedPort.send() passes on other errors, and connects to nothing', () => {
    const { port, calls, sends } = create()
    sends.push(systemError('EAGAIN'))
    expect(send(port)).toBe('EAGAIN')
    expect(calls).toEqual(['send x to the peer'])
  })
})

describe('close', () => {
  it('NamedPort.close() removes the files while the socket is open, once', () => {
    const { port, calls } = create()
    port.close()
    port.close()
    expect(calls).toEqual(['removeFiles', 'close', 'close'])
  })

  it('NamedPort.close() closes the socket although the files cannot be removed, and reports that', () => {
    const failure = systemError('EACCES')
    const { port, calls, failed } = create({
      removeFiles() {
        throw failure
      },
    })
    port.close()
    expect([calls, failed]).toEqual([['close'], [failure]])
  })
})
