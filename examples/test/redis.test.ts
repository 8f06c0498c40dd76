import { describe, expect, it } from '@jest/globals'
import { itWith } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { transcribe } from '@sock/tools/transcript'
import { connect } from 'node:net'
import { parts, startExample, type Example } from './support/program.js'

async function start(): Promise<{ program: Example; host: string; port: string }> {
  const program = startExample('redis', '127.0.0.1:0')
  const { host, port } = parts(await program.address('tcp'))
  return { program, host, port: String(port) }
}

describe('redis', () => {
  it('redis answers commands in order, however they are cut, and ends with QUIT', async () => {
    const { program, host, port } = await start()
    const socket = connect({ host, port: Number(port) })
    later(() => socket.destroy())
    const heard = transcribe(socket)
    const commands =
      'PING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\nb\r\nc\r\n*2\r\n$3\r\nget\r\n$1\r\na\r\nGET none\r\nDEL a a\r\nconstructor\r\nQUIT\r\n'
    for (const character of commands) await new Promise((resolve) => socket.write(character, resolve))
    await heard.ended
    const answers =
      "+PONG\r\n+OK\r\n$4\r\nb\r\nc\r\n$-1\r\n:1\r\n-ERR unknown command 'CONSTRUCTOR'\r\n+OK\r\n"
    expect(heard.text).toBe(answers)
    await program.stop()
  })

  it.each([
    [
      'a bulk string that declares 2 GiB',
      '*1\r\n$2147483648\r\n',
      'Frame is too large: 2147483648 bytes, and maxBytes is 1048576',
    ],
    ['a million arguments', '*1000000\r\n', 'Expected up to 1000 arguments, got *1000000'],
    ['what is no size', '*1\r\n%5\r\n', 'Expected "$" and a size, got "%5"'],
  ])('redis ends the connection of a client that sends %s', async (_, bytes, message) => {
    const { program, host, port } = await start()
    const socket = connect({ host, port: Number(port) }).on('error', () => undefined)
    later(() => socket.destroy())
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(bytes)
    await closed
    await program.stderr.until(new RegExp(`^${message.replaceAll(/[*$]/g, '\\$&')}$`, 'm'))
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  itWith('redis-cli', 'redis talks to redis-cli', async () => {
    const { program, host, port } = await start()
    const input = 'set greeting "hello, world"\nget greeting\nget none\ndel greeting\n'
    const ran = await runTool('redis-cli', ['-h', host, '-p', port], input)
    expect(ran.stdout).toBe('OK\nhello, world\n\n1\n')
    await program.stop()
  })

  itWith('redis-benchmark', 'redis serves redis-benchmark, with 50 clients that pipeline', async () => {
    const { program, host, port } = await start()
    const load = ['-c', '50', '-n', '5000', '-P', '16', '-t', 'ping,set,get', '--csv']
    const ran = await runTool('redis-benchmark', ['-h', host, '-p', port, ...load])
    expect(ran.code).toBe(0)
    expect(ran.stdout.match(/^"(PING_INLINE|PING_MBULK|SET|GET)[^"]*","[\d.]+"/gm)).toHaveLength(4)
    await program.stop()
  })
})
