import { writeFileSync } from 'node:fs'
import { isSockError, type Connection, type DatagramChannel, type Handler, type Server } from '@sock/core'
import { engine as native } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { createCertificate } from '@sock/tools/certificate'
import type { TransportName } from '@sock/tools/transports'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'

/** A server that listens, and two ways to talk to it: a client, and a command for the shell. */
export interface DemoServer {
  readonly server: Server
  readonly connect: () => Promise<Connection | DatagramChannel>
  readonly command: string
  /** What is unusual about it. */
  readonly note?: string | undefined
}

export type DemoServers = Map<TransportName, DemoServer>

/** @param folder for socket files, and the certificate as a file */
type Start = (handler: Handler, host: string, folder: string) => Promise<DemoServer>

/** Starts a server of each transport. */
export const start: Readonly<Record<TransportName, Start>> = {
  async tcp(handler, host) {
    const server = createTcpServer(handler)
    const address = await server.listen({ host, port: 0 })
    return { server, connect: () => connectTcp(address), command: `nc ${address.host} ${address.port}` }
  },

  async tls(handler, host, folder) {
    const { key, cert } = await createCertificate()
    const file = `${folder}/cert.pem`
    writeFileSync(file, cert)
    const server = createTcpServer(handler, { tls: { key, cert } })
    const address = await server.listen({ host, port: 0 })
    // A name in the certificate: --host may be any address.
    const connect = () => connectTcp(address, { tls: { ca: cert }, serverName: 'localhost' })
    const verify = `-CAfile '${file}' -verify_return_error -quiet`
    return { server, connect, command: `openssl s_client -connect ${address.toString()} ${verify}` }
  },

  async udp(handler, host) {
    const server = createUdpServer(handler)
    const address = await server.listen({ host, port: 0 })
    return { server, connect: () => connectUdp(address), command: `nc -u ${address.host} ${address.port}` }
  },

  async unix(handler, _host, folder) {
    const server = createUnixServer(handler)
    const { path } = await server.listen(`${folder}/echo.sock`)
    return { server, connect: () => connectUnix(path), command: `socat - 'UNIX-CONNECT:${path}'` }
  },

  async unixgram(handler, _host, folder) {
    const path = `${folder}/datagrams.sock`
    const { server, options, note } = await listenUnixgram(handler, path)
    // The client binds a name, so that the server can answer.
    const command = `socat - 'UNIX-SENDTO:${path},bind=${path}.client'`
    return { server, connect: () => connectUnixgram(path, options), command, note }
  },
}

type Unixgram = Pick<DemoServer, 'server' | 'note'> & { readonly options: { engine?: typeof native } }

/** Listens with unix-dgram, or, where that was not built, with the native engine. */
async function listenUnixgram(handler: Handler, path: string): Promise<Unixgram> {
  const server = createUnixgramServer(handler)
  try {
    await server.listen(path)
    return { server, options: {} }
  } catch (error) {
    if (!native.available || !isSockError(error, 'ERR_SOCK_NATIVE_UNAVAILABLE')) throw error
    const options = { engine: native }
    const other = createUnixgramServer(handler, options)
    await other.listen(path)
    return { server: other, options, note: 'with @sock/native: unix-dgram was not built' }
  }
}
