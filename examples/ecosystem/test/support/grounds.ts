import type { Connection, IpAddress, StreamHandler, StreamServer } from '@sock/core'
import { engine } from '@sock/native'
import { connectTcp, createTcpServer, type TcpClientOptions, type TcpServerOptions } from '@sock/tcp'
import { createCertificate, type Certificate } from '@sock/tools/certificate'
import { createFolder } from '@sock/tools/folder'
import { later } from '@sock/test-support/resources'
import { connectUnix, createUnixServer } from '@sock/unix'
import { writeFileSync } from 'node:fs'

/** A column of the table: what carries the connections. */
export interface Ground {
  readonly name: string
  readonly isSecure: boolean
  readonly isUnix: boolean
  /** Whether this machine has the engine. */
  readonly isAvailable: boolean
  readonly options: TcpServerOptions & TcpClientOptions
}

const native = { isAvailable: engine.available, options: { engine } } as unknown as Ground
const node = { isAvailable: true, options: {} }

export const grounds: readonly Ground[] = [
  { ...node, name: 'tcp', isSecure: false, isUnix: false },
  { ...node, name: 'TLS', isSecure: true, isUnix: false },
  { ...node, name: 'unix', isSecure: false, isUnix: true },
  { ...native, name: 'tcp with the native engine', isSecure: false, isUnix: false },
  { ...native, name: 'unix with the native engine', isSecure: false, isUnix: true },
]

/** Options that both kinds of server take. */
export type Options = Pick<
  TcpServerOptions,
  'idleTimeout' | 'drainIdle' | 'shutdownTimeout' | 'maxConnections'
>

/** A server of a test. It is closed afterwards. */
export interface Running {
  readonly ground: Ground
  readonly server: StreamServer<never>
  /** What its event `error` gave. */
  readonly errors: readonly Error[]
  /** 0 on Unix sockets. */
  readonly port: number
  /** Empty on tcp. */
  readonly path: string
  /** The certificate, which is its own authority, in a file. Empty without TLS. */
  readonly caFile: string
  readonly certificate: Certificate
  /** Connects with our client. The connection is closed after the test. */
  readonly dial: () => Promise<Connection>
}

let made: Promise<Certificate> | undefined

/** Starts a server of ours on this ground. */
export async function serve(
  ground: Ground,
  handler: StreamHandler,
  { alpn, ...options }: Options & { alpn?: readonly string[] } = {},
): Promise<Running> {
  const certificate = await (made ??= createCertificate())
  const folder = createFolder('ecosystem')
  later(() => folder.remove())
  const all = { drainIdle: 50, ...options, ...ground.options }
  const tls = { ...certificate, ...(alpn && { ALPNProtocols: [...alpn] }) }
  const server = ground.isUnix
    ? createUnixServer(handler as never, all)
    : createTcpServer(handler as never, ground.isSecure ? { ...all, tls } : all)
  const errors: Error[] = []
  server.on('error', (error) => void errors.push(error))
  later(() => server.close())
  const path = folder.next()
  const address = await (server.listen as (target: string) => Promise<unknown>)(
    ground.isUnix ? path : '127.0.0.1:0',
  )
  const caFile = folder.next()
  writeFileSync(caFile, certificate.cert)
  return {
    ground,
    server,
    errors,
    port: ground.isUnix ? 0 : (address as IpAddress).port,
    path: ground.isUnix ? path : '',
    caFile: ground.isSecure ? caFile : '',
    certificate,
    async dial() {
      const client = { ca: certificate.cert, ...(alpn && { ALPNProtocols: [...alpn] }) }
      const connection = ground.isUnix
        ? await connectUnix(path, ground.options)
        : await connectTcp(address as IpAddress, {
            ...ground.options,
            ...(ground.isSecure && { tls: client, serverName: 'localhost' }),
          })
      later(() => connection.destroy())
      return connection
    },
  }
}
