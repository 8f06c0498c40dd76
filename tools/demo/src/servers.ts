import { writeFileSync } from 'node:fs'
import type { Channel, Handler, IpAddress, Server } from '@sock/core'
import { connectTcp, createTcpServer } from '@sock/tcp'
import type { Certificate } from '@sock/tools/certificate'
import type { TransportName } from '@sock/tools/transports'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'

type ByName<T> = Readonly<Record<TransportName, T>>

/** The servers, and two ways to reach each once it listens: a client, and a command for the shell. */
export interface Servers {
  readonly servers: ByName<Server>
  readonly listen: ByName<() => Promise<unknown>>
  readonly connect: ByName<() => Promise<Channel>>
  readonly command: ByName<() => string>
}

/** Returns a server for every transport. @param folder where sockets are, and the certificate as a file */
export function createServers(handler: Handler, host: string, folder: string, tls: Certificate): Servers {
  const [path, datagramPath, ca] = [`${folder}/echo.sock`, `${folder}/datagrams.sock`, `${folder}/cert.pem`]
  writeFileSync(ca, tls.cert)
  const tcp = createTcpServer(handler)
  const secure = createTcpServer(handler, { tls })
  const udp = createUdpServer(handler)
  const unix = createUnixServer(handler)
  const unixgram = createUnixgramServer(handler)
  // A name in the certificate: --host may be any address.
  const options = { tls: { ca: tls.cert }, serverName: 'localhost' }
  const verify = `-CAfile '${ca}' -verify_return_error -quiet`
  // The client binds a name, so that the server can answer.
  const named = `'UNIX-SENDTO:${datagramPath},bind=${datagramPath}.client'`

  const listen = {
    tcp: () => tcp.listen({ host, port: 0 }),
    tls: () => secure.listen({ host, port: 0 }),
    udp: () => udp.listen({ host, port: 0 }),
    unix: () => unix.listen(path),
    unixgram: () => unixgram.listen(datagramPath),
  }
  const connect = {
    tcp: () => connectTcp(reach(tcp)),
    tls: () => connectTcp(reach(secure), options),
    udp: () => connectUdp(reach(udp)),
    unix: () => connectUnix(path),
    unixgram: () => connectUnixgram(datagramPath),
  }
  const command = {
    tcp: () => `nc ${reach(tcp).host} ${reach(tcp).port}`,
    tls: () => `openssl s_client -connect ${String(secure.address)} ${verify}`,
    udp: () => `nc -u ${reach(udp).host} ${reach(udp).port}`,
    unix: () => `socat - 'UNIX-CONNECT:${path}'`,
    unixgram: () => `socat - ${named}`,
  }
  return { servers: { tcp, tls: secure, udp, unix, unixgram }, listen, connect, command }
}

/** Returns where to connect: loopback, if the server listens on all addresses. */
function reach({ address }: Pick<Server<never, IpAddress>, 'address'>): { host: string; port: number } {
  const { host = '', port = 0 } = address ?? {}
  return { host: { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host, port }
}
