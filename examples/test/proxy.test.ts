import { describe, expect, it } from '@jest/globals'
import { itWith } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { useFolder } from '@sock/test-support/scratch'
import { transcribe } from '@sock/tools/transcript'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parts, startExample, type Example } from './support/program.js'

const scratch = useFolder('example')

const MB = 1_000_000

/** The server behind: node:net, which gives out its next connection. */
async function serveBehind(): Promise<{ path: string; accepted: Promise<Socket> }> {
  const path = scratch.path('behind.sock')
  const server = createServer({ allowHalfOpen: true })
  const accepted = once(server, 'connection').then(([socket]) => {
    // One is enough. The file goes, the connection stays.
    server.close()
    later(() => (socket as Socket).destroy())
    return socket as Socket
  })
  server.listen(path)
  await once(server, 'listening')
  return { path, accepted }
}

/** Two ends with the proxy between them. */
async function joinEnds(): Promise<{ program: Example; client: Socket; behind: Socket }> {
  const { path, accepted } = await serveBehind()
  const program = startExample('proxy', '127.0.0.1:0', path)
  const client = connect({ ...parts(await program.address('tcp')), allowHalfOpen: true })
  later(() => client.destroy())
  return { program, client, behind: await accepted }
}

/** Sends as fast as it can, and ends. @returns the hash of the sent bytes */
async function send(socket: Socket, bytes: number): Promise<string> {
  const block = randomBytes(MB)
  const hash = createHash('sha256')
  for (let sent = 0; sent < bytes; sent += block.length) {
    block.writeUInt32BE(sent, 0)
    const copy = Buffer.from(block)
    hash.update(copy)
    if (!socket.write(copy)) await once(socket, 'drain')
  }
  socket.end()
  return hash.digest('hex')
}

/** Reads to the end, one chunk in `pace` turns of the event loop. @returns the hash of the received bytes */
async function receive(socket: Socket, pace: number): Promise<string> {
  const hash = createHash('sha256')
  // By default, the iterator destroys the socket at the end of the input, even with output left.
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    hash.update(chunk as Buffer)
    for (let turn = 0; turn < pace; turn++) await nextTurn()
  }
  return hash.digest('hex')
}

/** The most memory the program ever had, in bytes (proc_pid_status(5)). */
function peakMemory({ pid }: Example): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

const itOnLinux = process.platform === 'linux' ? it : it.skip

describe('proxy', () => {
  itOnLinux(
    'proxy carries 100 MB both ways at once to slow readers, and needs no memory for it',
    async () => {
      const { program, client, behind } = await joinEnds()
      const before = peakMemory(program)
      const [up, down, upHash, downHash] = await Promise.all([
        send(client, 100 * MB),
        send(behind, 100 * MB),
        receive(behind, 3),
        receive(client, 3),
      ])
      expect(upHash).toBe(up)
      expect(downHash).toBe(down)
      // It never holds more than some hundred kilobytes; the rest, 40 MB, is garbage that V8 has not collected yet. Without
      // the back-pressure it is 190 MB.
      expect(peakMemory(program) - before).toBeLessThan(100 * MB)
      await program.stop()
    },
    60_000,
  )

  it('proxy lets each side end on its own', async () => {
    const { program, client, behind } = await joinEnds()
    const heardBehind = transcribe(behind)
    const heardClient = transcribe(client)
    client.end('question')
    await once(behind, 'end')
    expect(heardBehind.text).toBe('question')
    // The question is over, and the answer can still be given, in pieces.
    behind.write('first, ')
    await heardClient.until(/^first, $/)
    behind.end('second')
    await Promise.all([heardClient.ended, heardBehind.ended])
    expect(heardClient.text).toBe('first, second')
    await program.stop()
  })

  it('proxy closes the other side when one breaks, and reports no error', async () => {
    for (const broken of ['client', 'behind'] as const) {
      const ends = await joinEnds()
      ends.client.write('ping')
      await transcribe(ends.behind).until(/ping/)
      const other = ends[broken === 'client' ? 'behind' : 'client']
      const closed = once(other.on('error', () => {}).resume(), 'close')
      if (broken === 'client') ends.client.resetAndDestroy()
      else ends.behind.destroy()
      other.end()
      await closed
      await ends.program.stop()
    }
  })

  it('proxy reports that no server is behind it, closes the connection, and goes on', async () => {
    const path = scratch.path('missing.sock')
    const program = startExample('proxy', '127.0.0.1:0', path)
    const client = connect(parts(await program.address('tcp')))
    later(() => client.destroy())
    client.on('error', () => {})
    await new Promise((closed) => void client.once('close', closed))
    await program.stderr.until(/ENOENT/)
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  itWith('curl', 'proxy stands between curl and the HTTP example', async () => {
    const path = scratch.path('http.sock')
    const http = startExample('http', path)
    await http.address('unix')
    const program = startExample('proxy', '127.0.0.1:0', path)
    const url = `http://${await program.address('tcp')}/echo`
    const body = 'all the letters '.repeat(60_000)
    const answer = await runTool('curl', ['-sS', '--noproxy', '*', '--data-binary', '@-', url], body)
    expect(answer).toEqual({ code: 0, stdout: body, stderr: '' })
    await program.stop()
    await http.stop()
  })
})
