import { beforeAll, describe, expect } from '@jest/globals'
import { withTool } from '@sock/test-support/needs'
import { Program, runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificates, type Certificates } from './support/certificates.js'
import { collect, echo, serve } from './support/servers.js'

const MIB = 1024 * 1024
const withOpenssl = withTool('openssl')
const withSocat = withTool('socat')
const withPython = withTool('python3')

let certificates: Certificates
let caFile: string
let folder: string
beforeAll(async () => {
  certificates = await createCertificates()
})

async function writeCa(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'sock-tcp-'))
  later(() => rm(folder, { recursive: true }))
  caFile = join(folder, 'ca.pem')
  await writeFile(caFile, certificates.ca)
}

/** Talks through `openssl s_client` until its answer contains `until`, then ends its side. */
async function sClient(port: number, args: string[], input: string, answer: string): Promise<string> {
  await writeCa()
  const target = ['-connect', `127.0.0.1:${port}`, '-CAfile', caFile, '-verify_return_error']
  const client = new Program('openssl', ['s_client', ...target, ...args])
  client.say(input)
  // One that is refused ends without it.
  await client.stdout.until(new RegExp(answer)).catch(() => undefined)
  const { stdout, stderr } = await client.end()
  return stdout + stderr
}

/** Answers in capitals, so that an answer is not mistaken for an echo of the terminal. */
const CAPITALS = {
  data: (connection: { write(text: string): Promise<void> }, chunk: Buffer) =>
    connection.write(chunk.toString().toUpperCase()),
}

describe('openssl s_client', () => {
  withOpenssl.each([
    ['-tls1_2', /Protocol\s*:? ?: TLSv1\.2|TLSv1\.2/],
    ['-tls1_3', /TLSv1\.3/],
  ])('openssl s_client is answered with %s', async (flag, version) => {
    const { address, server, errors } = await serve(CAPITALS, { tls: certificates.server })
    const output = await sClient(address.port, [flag], 'hello there', 'HELLO THERE')
    expect(output).toContain('HELLO THERE')
    expect(output).toMatch(version)
    expect(output).toContain('Verify return code: 0 (ok)')
    await until(() => server.openConnections === 0, 'the connection is closed')
    expect(errors).toEqual([])
  })

  withOpenssl('openssl s_client gets the server name and the protocol that it asks for', async () => {
    const { address } = await serve(
      async (connection) => {
        for await (const _ of connection) {
          const { serverName, alpnProtocol } = connection.tls ?? {}
          await connection.write(`NAME=${serverName} PROTOCOL=${alpnProtocol}\n`)
        }
      },
      { tls: { ...certificates.server, ALPNProtocols: ['demo'] } },
    )
    const args = ['-servername', 'localhost', '-alpn', 'other,demo']
    const output = await sClient(address.port, args, 'tell', 'NAME=')
    expect(output).toContain('NAME=localhost PROTOCOL=demo')
    expect(output).toContain('ALPN protocol: demo')
  })

  withOpenssl('openssl s_client is refused with TLS 1.1 (B6)', async () => {
    const { address, server, errors } = await serve(CAPITALS, { tls: certificates.server })
    const args = ['-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0']
    const output = await sClient(address.port, args, 'hello', 'HELLO')
    expect(output).not.toContain('HELLO')
    await until(() => errors.length === 1, 'the refusal is reported')
    expect(server.stats()).toMatchObject({ accepted: 0, rejected: { handshakeFailed: 1 } })
  })
})

describe('socat', () => {
  withSocat('socat gets its megabyte back, and both sides end', async () => {
    const { address, server } = await serve(echo)
    const sent = Buffer.alloc(MIB, 'abc\n')
    const result = await runTool('socat', ['-t', '5', '-', `TCP:${address.host}:${address.port}`], sent)
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout === sent.toString()).toBe(true)
    await until(() => server.openConnections === 0, 'the connection is closed')
  })

  withSocat('socat gets an answer that starts after its end', async () => {
    const { address, events } = await serve(async (connection) => {
      const request = await collect(connection)
      await connection.write(`${request.length} bytes`)
    })
    const target = `TCP:${address.host}:${address.port}`
    const result = await runTool('socat', ['-t', '5', '-', target], 'x'.repeat(100_000))
    expect(result).toMatchObject({ code: 0, stdout: '100000 bytes' })
    await until(() => events.at(-1)?.state === 'close', 'the connection is closed')
    expect(events.at(-1)).toMatchObject({ reason: 'ended' })
  })

  withSocat('socat -u is read to its end though nothing is ever sent to it', async () => {
    let got = ''
    const { address } = await serve(async (connection) => void (got = `${await collect(connection)}`))
    const result = await runTool('socat', ['-u', '-', `TCP:${address.host}:${address.port}`], 'one way')
    expect(result).toMatchObject({ code: 0 })
    await until(() => got === 'one way', 'all is read')
    expect(got).toBe('one way')
  })
})

const PYTHON = `
import socket, ssl, struct, sys
host, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def connect():
    sock = socket.create_connection((host, port), timeout=5)
    if not ca:
        return sock
    context = ssl.create_default_context(cafile=ca)
    # Since 3.13 Python asks for identifiers of keys, which the certificates of these tests do without.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context.wrap_socket(sock, server_hostname="localhost")

def read_all(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(65536)
        if not part:
            break
        data += part
    return data

sock = connect()
sent = bytes(range(256)) * 400
sock.sendall(sent)
assert read_all(sock, len(sent)) == sent
if not ca:
    sock.send(b"!", socket.MSG_OOB)
    sock.sendall(b"after urgent")
    assert read_all(sock, 12).endswith(b"after urgent")
    sock.shutdown(socket.SHUT_WR)
    assert sock.recv(10) == b""
sock.close()
gone = connect()
raw = gone
raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
raw.close()
print("fine")
`

describe('a Python client', () => {
  withPython.each([false, true])(
    'a Python client is echoed, half-closes and resets (TLS: %p)',
    async (secure) => {
      await writeCa()
      const { address, server, errors } = await serve(echo, secure ? { tls: certificates.server } : {})
      const args = ['-c', PYTHON, address.host, `${address.port}`, secure ? caFile : '']
      expect(await runTool('python3', args)).toEqual({ code: 0, stdout: 'fine\n', stderr: '' })
      await until(() => server.openConnections === 0 && server.stats().accepted === 2, 'both are gone')
      expect(errors).toEqual([])
    },
  )
})
