import { expect, it } from '@jest/globals'
import { describeUnixDgram as describe, itWith } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { useFolder } from '@sock/test-support/scratch'
import { createSocket } from 'node:dgram'
import { parts, startExample, type Example } from './support/program.js'

const scratch = useFolder('example')

async function start(): Promise<{ program: Example; host: string; port: number; path: string }> {
  const path = scratch.path('log.sock')
  const program = startExample('syslog', '127.0.0.1:0', path)
  await program.address('unixgram')
  return { program, path, ...parts(await program.address('udp')) }
}

describe('syslog, fed by logger', () => {
  const logger = async (...args: string[]): Promise<void> => {
    expect(await runTool('logger', args)).toEqual({ code: 0, stdout: '', stderr: '' })
  }

  itWith('logger', 'syslog understands both formats over UDP', async () => {
    const { program, host, port } = await start()
    const udp = ['--udp', '--server', host, '--port', String(port), '--tag', 'backup']
    await logger(...udp, '--rfc5424', '--priority', 'local3.warning', 'disk: grüßt 90 %')
    await program.stdout.until(/^127\.0\.0\.1:\d+ local3\.warning backup: disk: grüßt 90 %$/m)
    await logger(...udp, '--rfc3164', '--priority', 'daemon.err', 'no more space')
    await program.stdout.until(/^127\.0\.0\.1:\d+ daemon\.err backup: no more space$/m)
    const data = ['--sd-id', 'a@1', '--sd-param', 'b="c"']
    await logger(...udp, '--rfc5424', ...data, '--priority', 'user.notice', 'with data')
    await program.stdout.until(/ user\.notice backup: with data$/m)
    await program.stop()
    expect(program.stdout.text).not.toContain('malformed')
  })

  itWith('logger', 'syslog counts octets over TCP', async () => {
    const { program } = await start()
    const { host, port } = parts(await program.address('tcp'))
    const tcp = ['--tcp', '--octet-count', '--server', host, '--port', String(port), '--tag', 'backup']
    await logger(...tcp, '--priority', 'local3.warning', 'disk: grüßt 90 %')
    await program.stdout.until(/^127\.0\.0\.1:\d+ local3\.warning backup: disk: grüßt 90 %$/m)
    await program.stop()
  })

  itWith('logger', 'syslog takes messages on its Unix socket', async () => {
    const { program, path } = await start()
    await logger(
      '--socket',
      path,
      '--socket-errors=on',
      '--tag',
      'cron',
      '-i',
      '--priority',
      'cron.info',
      'job done',
    )
    await program.stdout.until(/^local cron\.info cron: job done$/m)
    await program.stop()
  })

  itWith('logger', 'syslog loses none of 500 lines of one fast program', async () => {
    const { program, path } = await start()
    const lines = Array.from({ length: 500 }, (_, index) => `line ${index}\n`)
    expect(await runTool('logger', ['--socket', path, '--tag', 'fast'], lines.join(''))).toMatchObject({
      code: 0,
    })
    await program.stdout.until(/^local user\.notice fast: line 499$/m)
    await program.stop()
    const seen = program.stdout.text.match(/(?<=^local user\.notice fast: )line \d+\n/gm)
    expect(seen).toEqual(lines)
  })
})

describe("syslog, fed by Python's SysLogHandler", () => {
  const python = async (address: string): Promise<void> => {
    const script = `
import logging.handlers
handler = logging.handlers.SysLogHandler(address=${address}, facility='local5')
handler.ident = 'app: '
log = logging.getLogger()
log.addHandler(handler)
log.error('it broke:\\nhere')
`
    expect(await runTool('python3', ['-c', script])).toEqual({ code: 0, stdout: '', stderr: '' })
  }

  itWith('python3', "syslog takes messages of Python's SysLogHandler over UDP", async () => {
    const { program, host, port } = await start()
    await python(`('${host}', ${port})`)
    await program.stdout.until(/^127\.0\.0\.1:\d+ local5\.err -: app: it broke: here$/m)
    await program.stop()
  })

  itWith('python3', "syslog takes messages of Python's SysLogHandler on its Unix socket", async () => {
    const { program, path } = await start()
    await python(`'${path}'`)
    await program.stdout.until(/^local local5\.err -: app: it broke: here$/m)
    await program.stop()
  })
})

describe('syslog', () => {
  it('syslog shows rubbish in one printable line, and goes on', async () => {
    const { program, host, port } = await start()
    const socket = createSocket('udp4')
    later(() => socket.close())
    for (const message of ['', '<999>x', '\u001B[2J', '<13>\u001B[31mred\nline'])
      socket.send(message, port, host)
    await program.stdout.until(/user\.notice -: {2}\[31mred line$/m)
    // RFC 5424 §6.3.3: a bracket may stand in a value, with a backslash before it.
    socket.send('<165>1 2003-10-11T22:14:15.003Z host app 1 ID47 [a b="\\]"][c d="e"] \uFEFFtext', port, host)
    await program.stdout.until(/ local4\.notice app: text$/m)
    await program.stop()
    expect(program.stdout.text.match(/ malformed: .*/g)).toEqual([
      ' malformed: ""',
      ' malformed: "<999>x"',
      ' malformed: "\\u001b[2J"',
    ])
  })
})
