import { describe, expect, it } from '@jest/globals'
import { itWith } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { exchange } from '@sock/core'
import { connectTcp } from '@sock/tcp'
import { connectUdp } from '@sock/udp'
import { decode, encode, type DecodedPacket, type Question } from 'dns-packet'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { parts, startExample } from './support/program.js'

async function ask(address: string, id: number, ...questions: Question[]): Promise<DecodedPacket> {
  const query = encode({ type: 'query', id, questions })
  return decode(await exchange(await connectUdp(address), query, { signal: AbortSignal.timeout(60_000) }))
}

describe('dns', () => {
  it('dns answers with the records of its zone', async () => {
    const program = startExample('dns', '127.0.0.1:0')
    const address = await program.address('udp')
    const answer = await ask(address, 7, { name: 'HOST.example', type: 'AAAA' })
    expect(answer).toMatchObject({
      id: 7,
      type: 'response',
      rcode: 'NOERROR',
      flag_aa: true,
      questions: [{ name: 'HOST.example', type: 'AAAA' }],
      answers: [{ name: 'host.example', type: 'AAAA', ttl: 60, data: '2001:db8::1' }],
    })
    await program.stop()
    expect(program.stdout.text).toContain('1 received, 1 sent\n')
  })

  it('dns tells names that it does not know from questions that it cannot read', async () => {
    const program = startExample('dns', '127.0.0.1:0')
    const address = await program.address('udp')
    expect(await ask(address, 1, { name: 'other.example', type: 'A' })).toMatchObject({
      rcode: 'NXDOMAIN',
      answers: [],
    })
    expect(await ask(address, 2, { name: 'example', type: 'A' })).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
    })
    expect(await ask(address, 3)).toMatchObject({ rcode: 'FORMERR' })
    await program.stop()
  })

  it('dns does not answer rubbish and answers, and goes on', async () => {
    const program = startExample('dns', '127.0.0.1:0')
    const { host, port } = parts(await program.address('udp'))
    const socket = createSocket('udp4')
    later(() => socket.close())
    for (const message of ['', 'rubbish', encode({ type: 'response', id: 1 })])
      socket.send(message, port, host)
    // Datagrams of one socket keep their order on this machine: an answer to an earlier one would be there first.
    socket.send(
      encode({ type: 'query', id: 2, questions: [{ name: 'host.example', type: 'A' }] }),
      port,
      host,
    )
    const [message] = (await once(socket, 'message')) as [Buffer]
    expect(decode(message).id).toBe(2)
    await program.stop()
    expect(program.stdout.text).toContain('4 received, 1 sent\n')
  })

  it('dns gives each of 50 clients at once the answer to its question', async () => {
    const program = startExample('dns', '127.0.0.1:0')
    const address = await program.address('udp')
    const types = ['A', 'AAAA', 'TXT'] as const
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, id) =>
        ask(address, id, { name: 'host.example', type: types[id % 3] ?? 'A' }),
      ),
    )
    expect(answers.map(({ id }) => id)).toEqual(answers.map((_, id) => id))
    expect(answers.map(({ answers: [first] = [] }) => first?.type)).toEqual(
      answers.map((_, id) => types[id % 3]),
    )
    await program.stop()
  })
})

describe('dns over TCP', () => {
  it('dns ends a connection that carries no question', async () => {
    const program = startExample('dns', '127.0.0.1:0')
    const connection = await connectTcp(await program.address('tcp'))
    await connection.write(Buffer.from([0, 3, 1, 2, 3]))
    expect(await connection.read()).toBeNull()
    await connection.close()
    await program.stop()
  })
})

describe('dns, asked by dig', () => {
  itWith('dig', 'dns answers dig', async () => {
    const program = startExample('dns', '127.0.0.1:0')
    const { host, port } = parts(await program.address('udp'))
    const dig = (...question: string[]) =>
      runTool('dig', [`@${host}`, '-p', String(port), '+tries=1', '+time=5', ...question])

    expect(await dig('+short', 'host.example', 'A')).toMatchObject({ code: 0, stdout: '192.0.2.1\n' })
    expect((await dig('+short', 'example', 'MX')).stdout).toBe('10 host.example.\n')
    const missing = await dig('+norecurse', 'nothing.example', 'TXT')
    expect(missing.stdout).toMatch(/status: NXDOMAIN/)
    expect(missing.stdout).toMatch(/;; flags: qr aa; QUERY: 1, ANSWER: 0/)
    // A malformed answer would make dig say so.
    expect(missing.stdout).not.toMatch(/warning|malformed|error/i)
    await program.stop()
  })

  itWith('dig', 'dns answers dig over TCP, twice on one connection', async () => {
    const program = startExample('dns', '127.0.0.1:0')
    const { host, port } = parts(await program.address('tcp'))
    const args = [`@${host}`, '-p', String(port), '+tcp', '+keepopen', '+tries=1', '+time=5', '+short']
    const ran = await runTool('dig', [...args, 'host.example', 'A', 'example', 'MX'])
    expect(ran).toMatchObject({ code: 0, stdout: '192.0.2.1\n10 host.example.\n' })
    await program.stop()
  })
})
