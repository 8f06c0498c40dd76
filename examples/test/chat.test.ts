import { describe, expect, it } from '@jest/globals'
import { createCertificate } from '@sock/tools/certificate'
import { itWith } from '@sock/test-support/needs'
import { Program } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { useFolder } from '@sock/test-support/scratch'
import { transcribe, type Transcript } from '@sock/tools/transcript'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { parts, startExample } from './support/program.js'

const scratch = useFolder('example')

interface Member {
  readonly socket: Socket
  readonly heard: Transcript
}

function enter(address: string, name: string): Member {
  const socket = connect(parts(address))
  later(() => socket.destroy())
  socket.write(`${name}\n`)
  return { socket, heard: transcribe(socket) }
}

describe('chat', () => {
  it('chat passes lines on to the others, whole ones only', async () => {
    const program = startExample('chat', '127.0.0.1:0')
    const address = await program.address('tcp')
    const ann = enter(address, 'Ann')
    await ann.heard.until(/\* here are nobody and you\n/)
    const bob = enter(address, 'Bob')
    await bob.heard.until(/\* here are Ann and you\n/)
    await ann.heard.until(/\* Bob has come\n/)

    // Two characters of two bytes each, cut in the middle.
    const line = Buffer.from('grüß Gott\r\n')
    ann.socket.write(line.subarray(0, 3))
    await new Promise((resolve) => ann.socket.write('', resolve))
    ann.socket.write(Buffer.concat([line.subarray(3), Buffer.from('and two\nlines at once\n')]))
    await bob.heard.until(/\nAnn: grüß Gott\nAnn: and two\nAnn: lines at once\n/)
    expect(ann.heard.text).not.toContain('Ann:')

    bob.socket.end('last words')
    await ann.heard.until(/\nBob: last words\n\* Bob has gone\n/)
    await bob.heard.ended
    await program.stop()
  })

  it('chat asks for another name when one is taken', async () => {
    const program = startExample('chat', '127.0.0.1:0')
    const address = await program.address('tcp')
    const ann = enter(address, 'Ann')
    await ann.heard.until(/and you/)
    const other = enter(address, 'Ann')
    await other.heard.until(/Another name, please\?\n/)
    other.socket.write('Bob\n')
    await other.heard.until(/here are Ann and you\n/)
    await program.stop()
  })

  it('chat disconnects a member that does not read, and serves the others', async () => {
    const program = startExample('chat', '127.0.0.1:0')
    const address = await program.address('tcp')
    const ann = enter(address, 'Ann')
    await ann.heard.until(/and you/)
    const deaf = enter(address, 'Deaf')
    await deaf.heard.until(/here are Ann and you/)
    deaf.socket.pause()

    // More than the system's buffers and the high-water mark together, in lines.
    const flood = `${'x'.repeat(999)}\n`.repeat(1_000)
    const isPutOut = ann.heard.until(/\* Deaf has gone\n/)
    const out = new AbortController()
    void isPutOut.then(() => out.abort())
    while (!out.signal.aborted) await new Promise((resolve) => ann.socket.write(flood, resolve))
    await isPutOut

    await program.stderr.until(/^Deaf does not keep up$/m)
    const bob = enter(address, 'Bob')
    await bob.heard.until(/here are Ann and you/)
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  it('chat ends the connection of a member that says too much at once', async () => {
    const program = startExample('chat', '127.0.0.1:0')
    const address = await program.address('tcp')
    const ann = enter(address, 'Ann')
    await ann.heard.until(/and you/)
    const bob = enter(address, 'Bob')
    await ann.heard.until(/Bob has come/)
    bob.socket.on('error', () => undefined)
    bob.socket.write('x'.repeat(2_000))
    await ann.heard.until(/\* Bob has gone\n/)
    await program.stderr.until(/^Frame is too large: 2000 bytes, and maxBytes is 1000$/m)
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  itWith('openssl', 'chat over TLS talks to openssl s_client', async () => {
    const { key, cert } = await createCertificate()
    const files = [scratch.own('key.pem'), scratch.own('cert.pem')] as const
    writeFileSync(files[0], key)
    writeFileSync(files[1], cert)
    const program = startExample('chat', '127.0.0.1:0', ...files)
    const address = await program.address('tcp')
    const args = ['s_client', '-quiet', '-verify_return_error', '-CAfile', files[1], '-connect', address]
    const client = new Program('openssl', args)
    client.say('Ann\nhello')
    await program.stdout.until(/^Ann: hello$/m)
    await program.stop()
    expect((await client.ended).stdout).toBe(
      'Your name?\n* here are nobody and you\n* the server is going down\n',
    )
  })

  it('chat says good-bye when it is shut down', async () => {
    const program = startExample('chat', '127.0.0.1:0')
    const ann = enter(await program.address('tcp'), 'Ann')
    await ann.heard.until(/and you/)
    await program.stop()
    await ann.heard.ended
    expect(ann.heard.text).toMatch(/\* the server is going down\n$/)
    expect(program.stdout.text).toMatch(/^Closed tcp: 1 idle, 0 drained, 0 forced$/m)
  })
})
