import { expect, it } from '@jest/globals'
import { describeUnixDgram as describe, itWith } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { useFolder } from '@sock/test-support/scratch'
import { until } from '@sock/test-support/wait'
import { exchange, type Connection, type DatagramChannel } from '@sock/core'
import { connectTcp } from '@sock/tcp'
import { connectUdp } from '@sock/udp'
import { connectUnix } from '@sock/unix'
import { connectUnixgram } from '@sock/unixgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { parts, startExample, type Example } from './support/program.js'

const scratch = useFolder('example')

async function start(): Promise<{ program: Example; addresses: Record<string, string> }> {
  const targets = {
    tcp: '127.0.0.1:0',
    udp: '127.0.0.1:0',
    unix: scratch.path('stream'),
    unixgram: scratch.path('datagram'),
  }
  const program = startExample('everywhere', ...Object.entries(targets).map((pair) => pair.join('=')))
  const addresses: Record<string, string> = {}
  for (const transport of Object.keys(targets)) addresses[transport] = await program.address(transport)
  return { program, addresses }
}

/**
 * Whether the main thread of a process sleeps although one of its connections has input: it does not want to read now. It has
 * slept all the time if it was not scheduled meanwhile.
 */
function leavesInputUnread(pid: number | undefined, port: number): boolean {
  const schedule = (): string => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return (status.match(/^(State|\w*ctxt_switches):.*$/gm) ?? []).join()
  }
  const before = schedule()
  // The state is 01 (ESTABLISHED), and the second queue holds what has arrived; see proc_net_tcp in the kernel's documentation.
  const local = `[0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const [, received = '0'] =
    new RegExp(`: ${local} [0-9A-F:]+ 01 [0-9A-F]+:([0-9A-F]+)`).exec(
      readFileSync('/proc/net/tcp', 'utf8'),
    ) ?? []
  return before.includes('S (sleeping)') && Number.parseInt(received, 16) > 0 && schedule() === before
}

const itOnLinux = process.platform === 'linux' ? it : it.skip

describe('everywhere', () => {
  it('everywhere answers on all transports with one handler', async () => {
    const { program, addresses } = await start()
    const connects: Record<string, (address: string) => Promise<Connection | DatagramChannel>> = {
      tcp: connectTcp,
      udp: connectUdp,
      unix: connectUnix,
      unixgram: connectUnixgram,
    }
    for (const [transport, dial] of Object.entries(connects)) {
      const channel = await dial(addresses[transport] ?? '')
      const answer = await exchange(channel, `hello ${transport}`, { signal: AbortSignal.timeout(60_000) })
      expect(answer.toString()).toBe(`hello ${transport}`)
    }
    await program.stop()
    for (const transport of Object.keys(addresses)) {
      expect(program.stdout.text).toMatch(
        new RegExp(`^Closed ${transport}: \\d idle, \\d drained, 0 forced$`, 'm'),
      )
    }
  })

  itWith('socat', 'everywhere answers socat on all transports', async () => {
    const { program, addresses } = await start()
    const { tcp = '', udp = '', unix = '', unixgram = '' } = addresses
    const mine = scratch.path('mine')
    for (const target of [
      `TCP:${tcp}`,
      `UDP:${udp}`,
      `UNIX-CONNECT:${unix}`,
      `UNIX-SENDTO:${unixgram},bind=${mine}`,
    ]) {
      // A datagram socket has no end of input: socat waits this long for more.
      const ran = await runTool('socat', ['-t', '0.5', '-', target], 'hello')
      expect(ran.stdout).toBe('hello')
    }
    await program.stop()
  })

  itOnLinux('everywhere finishes what is under way when it gets SIGTERM', async () => {
    const { program, addresses } = await start()
    const sent = Buffer.alloc(32_000_000, 'all the letters ')
    const address = parts(addresses['tcp'] ?? '')
    const socket = connect(address)
    later(() => socket.destroy())
    // More than fits into the buffers on the way, which grow to some 20 MB (tcp_rmem, tcp_wmem, tcp(7)): the echo waits for
    // this side to read.
    let isAllSent = false
    socket.end(sent, () => (isAllSent = true))
    await once(socket, 'readable')
    // Before that, the echo may have sent all that has arrived, and a connection that only waits for input is idle.
    await until(() => leavesInputUnread(program.pid, address.port), 'the echo waits for this side to read')

    const ended = program.stop()
    await program.stdout.until(/^Draining tcp .*: 1 open connection$/m)
    expect(isAllSent).toBe(false)
    const chunks: Buffer[] = []
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    await ended
    expect(program.stdout.text).toMatch(/^Closed tcp: 0 idle, 1 drained, 0 forced$/m)
  })

  it('everywhere leaves nothing when one of its servers cannot listen', async () => {
    const program = startExample('everywhere', `unix=${scratch.path('a')}`, 'tcp=127.0.0.1:0', 'udp=nonsense')
    expect(await program.ended).toBe(1)
    expect(program.stderr.text).toContain('ERR_SOCK_INVALID_ADDRESS')
    expect(program.stdout.text).toMatch(/^Closed unix/m)
  })
})
