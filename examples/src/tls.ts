/**
 * A TLS server whose certificate is renewed while it runs: replace the two files and send SIGHUP, as certbot's hooks
 * do.
 *
 *   node examples/dist/tls.js 127.0.0.1:8443 key.pem cert.pem
 *   openssl s_client -connect 127.0.0.1:8443        and then:   kill -HUP <pid>
 */
import { isExpectedClose } from '@sock/core'
import { createTcpServer, type TcpConnection } from '@sock/tcp'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

interface Pair {
  readonly key: Buffer
  readonly cert: Buffer
}

async function readPair(keyFile: string, certFile: string): Promise<Pair> {
  const [key, cert] = await Promise.all([readFile(keyFile), readFile(certFile)])
  return { key, cert }
}

function describePair({ cert }: Pair): string {
  const { serialNumber, validTo } = new X509Certificate(cert)
  return `certificate ${serialNumber}, valid until ${validTo}`
}

/** An echo. It first sends what the handshake negotiated. */
async function echo(connection: TcpConnection): Promise<void> {
  await connection.write(`${connection.tls?.protocol} ${connection.tls?.cipher}\n`)
  for await (const chunk of connection) await connection.write(chunk)
}

async function main(args: readonly string[]): Promise<void> {
  const [address = '127.0.0.1:8443', keyFile = 'key.pem', certFile = 'cert.pem'] = args
  const pair = await readPair(keyFile, certFile)
  const server = createTcpServer(echo, { tls: { ...pair, minVersion: 'TLSv1.2' } })
  server.on('state', (_state, message) => console.log(message))
  // Failed handshakes arrive here, with the peer's address. A disconnected peer is not worth a line.
  server.on('error', (error) => {
    if (!isExpectedClose(error)) console.error(error.message)
  })

  async function renew(): Promise<void> {
    const next = await readPair(keyFile, certFile)
    // Throws if key and certificate do not match, for instance while only one file is new: the old pair stays in use.
    // New connections get the new pair; open ones keep theirs.
    server.setSecureContext(next)
    console.log(`Renewed: ${describePair(next)}`)
  }
  process.on('SIGHUP', () => {
    renew().catch((error: unknown) =>
      console.error(`Keeping the old certificate: ${(error as Error).message}`),
    )
  })

  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await server.listen(address)
  console.log(`Using ${describePair(pair)}`)
  await stop
  await server.shutdown({ timeout: 10_000 })
}

await main(process.argv.slice(2))
