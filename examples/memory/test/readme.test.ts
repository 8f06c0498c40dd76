import { describe, expect, it } from '@jest/globals'
import { exchange } from '@sock/core'
import { connectMemory, createMemoryServer } from '../src/index.js'

describe('README', () => {
  it('README shows what works', async () => {
    const server = createMemoryServer(async (connection) => {
      for await (const chunk of connection) await connection.write(chunk)
    })
    await server.listen('greeter')
    const client = await connectMemory('greeter')
    expect(String(await exchange(client, 'hello'))).toBe('hello')
    await server.shutdown()
  })
})
