import { describe, expect, it } from '@jest/globals'
import { withTool } from '@sock/test-support/needs'
import { succeed } from '@sock/test-support/programs'
import { until } from '@sock/test-support/wait'
import { dial, readBytes, serve } from './support/servers.js'
import { createRespHandler } from './support/resp.js'

const REQUESTS = 20_000
const withBenchmark = withTool('redis-benchmark')

describe('a RESP server', () => {
  it('a RESP server answers inline commands and arrays, however they are cut', async () => {
    const { address } = await serve(createRespHandler())
    const client = await dial(address)
    const request =
      'PING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\nb\r\nc\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nGET none\r\n'
    const expected = '+PONG\r\n+OK\r\n$4\r\nb\r\nc\r\n$-1\r\n'
    for (const character of request) await client.write(character)
    expect(`${await readBytes(client, expected.length)}`).toBe(expected)
    await client.write(request)
    expect(`${await readBytes(client, expected.length)}`).toBe(expected)
  })

  withBenchmark('a RESP server serves redis-benchmark, with 50 clients that pipeline', async () => {
    const { address, server, errors } = await serve(createRespHandler())
    const args = ['-h', address.host, '-p', `${address.port}`, '-c', '50', '-n', `${REQUESTS}`, '-P', '16']
    const table = await succeed('redis-benchmark', [...args, '-t', 'ping,set,get', '--csv'])
    const rows = table.match(/^"(PING_INLINE|PING_MBULK|SET|GET)[^"]*","[\d.]+"/gm)
    expect(rows).toHaveLength(4)
    await until(() => server.openConnections === 0, 'every connection is closed')
    // SET alone: 20,000 requests of at least 30 bytes.
    expect(server.stats().bytesRead).toBeGreaterThan(REQUESTS * 30)
    expect(server.stats()).toMatchObject({ handlerErrors: 0 })
    expect(server.stats().accepted).toBeGreaterThanOrEqual(200)
    expect(errors).toEqual([])
  })
})
