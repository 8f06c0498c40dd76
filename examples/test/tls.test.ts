import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createCertificate } from '@sock/tools/certificate'
import { itWith } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { useFolder } from '@sock/test-support/scratch'
import { transcribe, type Transcript } from '@sock/tools/transcript'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { connect, type TLSSocket } from 'node:tls'
import { parts, startExample, type Example } from './support/program.js'

const scratch = useFolder('example')

interface Pair {
  readonly key: string
  readonly cert: string
  readonly serial: string
}

async function createPair(): Promise<Pair> {
  const { key, cert } = await createCertificate()
  return { key, cert, serial: new X509Certificate(cert).serialNumber }
}

let first: Pair
let second: Pair
let keyFile: string
let certFile: string

beforeAll(async () => {
  ;[first, second] = await Promise.all([createPair(), createPair()])
})
beforeEach(() => {
  keyFile = scratch.own('key.pem')
  certFile = scratch.own('cert.pem')
})

async function install({ key, cert }: Pair): Promise<void> {
  await writeFile(keyFile, key)
  await writeFile(certFile, cert)
}

async function start(): Promise<{ program: Example; address: string }> {
  await install(first)
  const program = startExample('tls', '127.0.0.1:0', keyFile, certFile)
  return { program, address: await program.address('tcp') }
}

/** A client that trusts only this certificate. */
async function dial(address: string, { cert }: Pair): Promise<{ socket: TLSSocket; heard: Transcript }> {
  const socket = connect({ ...parts(address), ca: cert })
  later(() => socket.destroy())
  await once(socket, 'secureConnect')
  return { socket, heard: transcribe(socket) }
}

describe('tls', () => {
  it('tls gives new connections the new certificate, and leaves the open ones alone', async () => {
    const { program, address } = await start()
    await program.stdout.until(new RegExp(`^Using certificate ${first.serial}`, 'm'))
    const old = await dial(address, first)
    await old.heard.until(/^TLSv1\.3 TLS_/)

    await install(second)
    program.kill('SIGHUP')
    await program.stdout.until(new RegExp(`^Renewed: certificate ${second.serial}`, 'm'))
    const fresh = await dial(address, second)
    expect(fresh.socket.getPeerX509Certificate()?.serialNumber).toBe(second.serial)
    fresh.socket.write('fresh')
    await fresh.heard.until(/fresh$/)
    old.socket.write('as before')
    await old.heard.until(/as before$/)

    // Without an end from this side: shutting down is the server's own business.
    await program.stop()
    await Promise.all([old.heard.ended, fresh.heard.ended])
  })

  it('tls keeps the old certificate while the files do not fit', async () => {
    const { program, address } = await start()
    await writeFile(keyFile, second.key)
    program.kill('SIGHUP')
    await program.stderr.until(/^Keeping the old certificate: .*\n/m)
    await dial(address, first)

    // First a missing file, then the rest of the renewal.
    await rm(certFile)
    program.kill('SIGHUP')
    await program.stderr.until(/^Keeping the old certificate: .*ENOENT.*\n/m)
    await install(second)
    program.kill('SIGHUP')
    await program.stdout.until(/^Renewed/m)
    await dial(address, second)

    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  itWith('openssl', 'tls shows openssl the certificate that is in the files', async () => {
    const { program, address } = await start()
    const handshake = async (): Promise<string> => {
      const args = ['s_client', '-connect', address, '-CAfile', certFile]
      return (await runTool('openssl', args, 'hello\n')).stdout
    }
    expect(await handshake()).toContain('Verify return code: 0 (ok)')
    await install(second)
    expect(await handshake()).not.toContain('Verify return code: 0 (ok)')
    program.kill('SIGHUP')
    await program.stdout.until(/^Renewed/m)
    expect(await handshake()).toContain('Verify return code: 0 (ok)')
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })
})
