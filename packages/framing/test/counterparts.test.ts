import { describe, expect } from '@jest/globals'
import type { Handler } from '@sock/core'
import { createTcpServer } from '@sock/tcp'
import { itWith } from '@sock/test-support/needs'
import { Program, runTool, succeed } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  framed,
  lengthPrefixed,
  netstrings,
  octetCounted,
  reader,
  type ChannelCallbacks,
} from '../src/index.js'
import { mqtt } from './support/mqtt.js'
import { serveMemcached, serveRedis } from './support/stores.js'

/** Serves until the test is over. @returns the port, as text */
async function serve(handler: Handler | ChannelCallbacks): Promise<string> {
  const server = createTcpServer(handler)
  const errors: Error[] = []
  server.on('error', (error) => errors.push(error))
  later(async () => {
    await server.close()
    expect(errors).toEqual([])
  })
  return `${(await server.listen('127.0.0.1:0')).port}`
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sock-framing-'))
  later(() => rm(folder, { recursive: true }))
  return folder
}

/** Collects syslog messages. */
async function collectLog(): Promise<{ port: string; messages: string[] }> {
  const messages: string[] = []
  const callbacks = framed(octetCounted(), { message: (_peer, frame) => void messages.push(String(frame)) })
  return { port: await serve(callbacks), messages }
}

const programs: Readonly<Record<string, readonly [what: string, run: () => Promise<void>]>> = {
  dig: [
    'asks twice over one connection: lengthPrefixed() with 2 bytes',
    async () => {
      const port = await serve(
        framed(lengthPrefixed({ bytes: 2 }), {
          message(peer, query) {
            const answer = Buffer.from(query)
            // QR, and NXDOMAIN.
            answer[2] = query.readUInt8(2) | 0x80
            answer[3] = (query.readUInt8(3) & 0xf0) | 3
            return peer.write(answer)
          },
        }),
      )
      const options = ['@127.0.0.1', '-p', port, '+tcp', '+keepopen', '+tries=1', '+noedns', '+norecurse']
      const output = await succeed('dig', [...options, 'one.test', 'two.test'])
      expect(output.match(/status: NXDOMAIN/g)).toHaveLength(2)
      expect(output).toContain('(TCP)')
      expect(output).not.toMatch(/warning|malformed/i)
    },
  ],

  logger: [
    'sends a message: octetCounted()',
    async () => {
      const { port, messages } = await collectLog()
      const options = ['--server', '127.0.0.1', '--port', port, '--tcp', '--octet-count', '--tag', 'me']
      await succeed('logger', [...options, 'grüße, world'])
      await until(() => messages.length === 1, 'the message has come')
      expect(messages[0]).toMatch(/^<13>1 .* me .* grüße, world$/)
    },
  ],

  rsyslogd: [
    'forwards messages: octetCounted()',
    async () => {
      const { port, messages } = await collectLog()
      const folder = await createFolder()
      const [socket, config] = [join(folder, 'log'), join(folder, 'conf')]
      await writeFile(
        config,
        `global(workDirectory="${folder}")
        module(load="imuxsock" SysSock.Use="off")
        input(type="imuxsock" Socket="${socket}" RateLimit.Interval="0")
        action(type="omfwd" Target="127.0.0.1" Port="${port}" Protocol="tcp" TCP_Framing="octet-counted")`,
      )
      const daemon = new Program('rsyslogd', ['-n', '-f', config, '-i', join(folder, 'pid')])
      await until(() => existsSync(socket), 'rsyslogd listens')
      const lines = Array.from({ length: 100 }, (_, i) => `message ${i}`)
      await succeed('logger', ['--socket', socket, '--tag', 'me'], lines.join('\n'))
      await until(() => messages.length === 100, 'all messages have come')
      expect(messages.map((message) => message.replace(/^.*me: /, '').trim())).toEqual(lines)
      daemon.signal('SIGTERM')
      expect((await daemon.ended).code).toBe(0)
    },
  ],

  postmap: [
    'looks up keys in a socketmap: netstrings()',
    async () => {
      const port = await serve(
        framed(netstrings(), {
          message(peer, frame) {
            const [map, key] = String(frame).split(' ')
            return peer.write(map === 'users' && key === 'ann' ? 'OK ann@example.test' : 'NOTFOUND ')
          },
        }),
      )
      const folder = await createFolder()
      await writeFile(join(folder, 'main.cf'), 'compatibility_level = 3.6\n')
      const map = `socketmap:inet:127.0.0.1:${port}:users`
      expect(await succeed('postmap', ['-c', folder, '-q', 'ann', map])).toBe('ann@example.test\n')
      expect(await runTool('postmap', ['-c', folder, '-q', 'bob', map])).toMatchObject({
        code: 1,
        stdout: '',
      })
    },
  ],

  'redis-cli': [
    'sets and gets: reader()',
    async () => {
      const port = await serve((connection) => serveRedis(reader(connection), connection))
      const input = 'set key "two words"\nget key\nget none\n'
      expect(await succeed('redis-cli', ['-p', port], input)).toBe('OK\ntwo words\n\n')
    },
  ],

  'redis-benchmark': [
    'pipelines on 20 connections: reader()',
    async () => {
      const port = await serve((connection) => serveRedis(reader(connection), connection))
      const options = ['-p', port, '-c', '20', '-n', '2000', '-P', '16', '-t', 'set,get', '--csv']
      expect((await succeed('redis-benchmark', options)).match(/^"(SET|GET)","[\d.]+"/gm)).toHaveLength(2)
    },
  ],

  memccat: [
    'gets what memccp has set: reader()',
    async () => {
      const port = await serve((connection) => serveMemcached(reader(connection), connection))
      const folder = await createFolder()
      const value = 'a value\r\nof three lines, the last without an end\r\nEND'
      await writeFile(join(folder, 'key'), value)
      await succeed('memccp', [`--servers=127.0.0.1:${port}`, join(folder, 'key')])
      await succeed('memccat', [`--servers=127.0.0.1:${port}`, `--file=${join(folder, 'got')}`, 'key'])
      expect(await readFile(join(folder, 'got'), 'utf8')).toBe(value)
    },
  ],

  mosquitto_pub: [
    'publishes 20,000 bytes: a codec around lengthPrefixed() with a varint',
    async () => {
      const published: string[] = []
      const port = await serve(
        framed(mqtt, {
          message(peer, { type, body }) {
            if (type >> 4 === 1) return peer.write({ type: 0x20, body: Buffer.from([0, 0]) })
            if (type >> 4 !== 3) return undefined
            const end = 2 + body.readUInt16BE(0)
            published.push(`${body.toString('utf8', 2, end)} ${body.length - end - 2}`)
            return peer.write({ type: 0x40, body: body.subarray(end, end + 2) })
          },
        }),
      )
      const options = ['-p', port, '-q', '1', '-t', 'a/topic', '-l']
      await succeed('mosquitto_pub', options, `${'x'.repeat(20_000)}\nshort\n`)
      expect(published).toEqual(['a/topic 20000', 'a/topic 5'])
    },
  ],
}

describe('a third-party client', () => {
  for (const [program, [what, run]] of Object.entries(programs)) itWith(program, `${program} ${what}`, run)
})
