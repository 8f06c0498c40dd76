import { expect, it } from '@jest/globals'
import { describeUnixDgram as describe } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { useFolder } from '@sock/test-support/scratch'
import type { Pattern } from '@sock/tools/transcript'
import { connectUnixgram } from '@sock/unixgram'
import { createSocket } from 'node:dgram'
import { stat } from 'node:fs/promises'
import { parts, startExample, type Example } from './support/program.js'

const scratch = useFolder('example')

/** Starts it with these times in seconds: how often it prints, and how long a gauge may be idle. */
async function start(
  ...times: readonly string[]
): Promise<{ program: Example; host: string; port: number; path: string }> {
  const path = scratch.path('statsd.sock')
  const program = startExample('statsd', '127.0.0.1:0', path, ...(times.length > 0 ? times : ['0.05']))
  await program.address('unixgram')
  return { program, path, ...parts(await program.address('udp')) }
}

/** hot-shots in a process of its own, as programs use it: `script` has a `client`, and what it sent is flushed after it. */
async function hotShots(options: object, script: string): Promise<void> {
  const source = `
    import { StatsD } from ${JSON.stringify(import.meta.resolve('hot-shots'))}
    const failed = (error) => { console.error(error); process.exitCode = 1 }
    const client = new StatsD({ ...${JSON.stringify(options)}, errorHandler: failed })
    ${script}
    client.close((error) => error && failed(error))`
  const ran = await runTool(process.execPath, ['--input-type=module', '--eval', source])
  expect(ran).toEqual({ code: 0, stdout: '', stderr: '' })
}

/** Waits until all the values of a metric add up to `wanted`: they may have come in more than one of the intervals. */
function sumOf(metric: string, wanted: number): Pattern<true> {
  return {
    exec(text) {
      let sum = 0
      for (const line of text.split('\n')) {
        if (line.startsWith(`${metric} `)) sum += Number(line.slice(metric.length + 1).split(' ')[0])
      }
      return sum === wanted ? true : null
    },
    toString: () => `"${metric}" adding up to ${wanted}`,
  }
}

describe('statsd, fed by hot-shots', () => {
  it.each(['udp', 'uds'] as const)('statsd sums up what comes over %s', async (protocol) => {
    const { program, host, port, path } = await start()
    await hotShots(
      protocol === 'udp' ? { protocol, host, port } : { protocol, path },
      `
      for (let index = 0; index < 100; index++) client.increment('page.views')
      client.decrement('page.views', 58)
      client.increment('logins', 3, ['site:a', 'kind:x'])
      for (const user of ['ann', 'bob', 'ann']) client.set('users', user)
      client.timing('query', 30)
      client.gauge('load', 7)
      client.gaugeDelta('load', -2)
      `,
    )
    await program.stdout.until(sumOf('counter page.views', 42))
    await program.stdout.until(sumOf('counter logins{site:a,kind:x}', 3))
    await program.stdout.until(sumOf('timer query count', 1))
    await program.stdout.until(/^timer query count 1 mean 30 max 30$/m)
    await program.stdout.until(/^gauge load 5$/m)
    await program.stdout.until(/^set users \d$/m)
    await program.stop()
    expect(program.stdout.text).toMatch(/^dropped by the system 0$/m)
    expect(program.stdout.text).not.toContain('malformed')
  })

  it('statsd loses none of 5,000 metrics over its Unix socket, though its queue holds ten', async () => {
    const { program, path } = await start()
    // Every one a datagram of its own.
    await hotShots({ protocol: 'uds', path }, `for (let i = 0; i < 5_000; i++) client.increment('hits')`)
    await program.stdout.until(sumOf('counter hits', 5_000))
    await program.stop()
  })

  it('statsd takes many metrics in one datagram, and multiplies sampled ones', async () => {
    const { program, host, port } = await start()
    await hotShots(
      { protocol: 'udp', host, port, maxBufferSize: 1_000 },
      `for (let index = 0; index < 1_000; index++) client.increment('hits')`,
    )
    await program.stdout.until(sumOf('counter hits', 1_000))
    const socket = createSocket('udp4')
    later(() => socket.close())
    socket.send('sampled:2|c|@0.1', port, host)
    await program.stdout.until(sumOf('counter sampled', 20))
    await program.stop()
  })
})

describe('statsd', () => {
  it('statsd counts what it does not understand, and goes on', async () => {
    const { program, host, port } = await start()
    const socket = createSocket('udp4')
    later(() => socket.close())
    socket.send('nonsense\nno.number:x|c\nright:1|c\n\n', port, host)
    await program.stdout.until(sumOf('counter right', 1))
    await program.stdout.until(sumOf('malformed', 2))
    await program.stop()
  })

  it('statsd prints that a gauge is idle, and forgets it', async () => {
    const { program, host, port } = await start('0.05', '0.2')
    const socket = createSocket('udp4')
    later(() => socket.close())
    socket.send('load:5|g', port, host)
    await program.stdout.until(/^gauge load 5 idle$/m)
    // It begins anew.
    socket.send('load:+2|g', port, host)
    await program.stdout.until(/^gauge load 2( idle)?$/m)
    await program.stop()
  })

  it('statsd keeps 50,000 names and members of sets, and counts what it refuses', async () => {
    const { program, path } = await start('600')
    // Not hot-shots: it sends a datagram again later if the socket is full, so the order of names would differ.
    const client = await connectUnixgram(path)
    for (let index = 0; index < 30_000; index++) await client.write(`c${index}:1|c\nusers:u${index}|s`)
    await client.write('c0:1|c')
    await client.close()
    await program.stop()
    expect(program.stdout.text).toMatch(/^set users 25000$/m)
    expect(program.stdout.text).toMatch(/^counter c0 2$/m)
    expect(program.stdout.text).not.toMatch(/^counter c25000 /m)
    expect(program.stdout.text).toMatch(/^refused 10000$/m)
  })

  it('statsd lets every user of the machine send', async () => {
    const { program, path } = await start()
    expect((await stat(path)).mode & 0o777).toBe(0o666)
    await program.stop()
  })
})
