import type { DatagramPort } from '@sock/core/datagram'
import { ipAddress } from '@sock/core/transport'
import type { UdpEngine, UdpSettings } from '@sock/udp'
import type { UnixgramEngine } from '@sock/unixgram'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Load } from '../scenarios/scenario.js'
import type { Endpoint } from './endpoint.js'

const SETTINGS: UdpSettings = {
  receiveBufferSize: undefined,
  sendBufferSize: undefined,
  broadcast: false,
  ttl: undefined,
  multicast: [],
  multicastTtl: undefined,
  multicastLoopback: undefined,
  multicastInterface: undefined,
}

export async function connectNativeUdp(
  engine: UdpEngine,
  { place }: Load,
  failed: (error: Error) => void,
): Promise<Endpoint> {
  if (!('port' in place)) throw new Error('udp needs a port')
  const peer = ipAddress(place.host, place.port)
  const port = await engine.openUdp({ host: undefined, port: 0, family: 'udp4', peer }, SETTINGS)
  return serve(port, failed)
}

export function connectNativeUnixgram(
  engine: UnixgramEngine,
  { place, folder }: Load,
  index: number,
  failed: (error: Error) => void,
): Endpoint {
  if (!('path' in place)) throw new Error('unixgram needs a path')
  const own = join(folder, `client-${index}`)
  const port = engine.openUnixgram()
  port.bind(own)
  port.connect(place.path)
  return serve(port, failed, () => rm(own, { force: true }))
}

function serve(port: DatagramPort, failed: (error: Error) => void, cleanUp?: () => Promise<void>): Endpoint {
  const waiting: Buffer[] = []
  let close: () => void
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const send = (message: Buffer): void =>
    port.send(message, undefined, {
      done(error?: NodeJS.ErrnoException | null) {
        if (error === undefined || error === null) return
        // The server's queue is full: back-pressure and no loss. The port tells when there is room.
        if (error.code === 'EAGAIN') waiting.push(message)
        else failed(error)
      },
    })
  const endpoint: Endpoint = {
    onMessage: () => undefined,
    send: (message) => (waiting.length > 0 ? void waiting.push(message) : send(message)),
    async close() {
      port.close()
      await closed
      await cleanUp?.()
    },
  }
  port.start({
    received: (message) => endpoint.onMessage(message),
    writable() {
      for (const message of waiting.splice(0)) endpoint.send(message)
    },
    failed,
    closed: () => close(),
  })
  return endpoint
}
