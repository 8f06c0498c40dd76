import { expect, it } from '@jest/globals'
import { describeUnixDgram as describe } from '@sock/test-support/needs'
import type { Address } from '@sock/core'
import { rejection, until } from '@sock/test-support/wait'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

describe('channel.send', () => {
  const addresses: [string, unknown, string][] = [
    ['an IP address', { family: 'ipv4', host: '127.0.0.1', port: 1 }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['an abstract name', { family: 'unix', path: '@name' }, 'ERR_SOCK_UNSUPPORTED'],
    ['a path that is too long', { family: 'unix', path: `/${'x'.repeat(107)}` }, 'ERR_SOCK_PATH_TOO_LONG'],
    ['an empty path', { family: 'unix', path: '' }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['a path with NUL', { family: 'unix', path: '/tmp/a\0b' }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['nobody', { family: 'unix', path: '/nonexistent/socket' }, 'ENOENT'],
  ]

  it.each(addresses)('channel.send() to %s rejects, and the channel stays open', async (_, address, code) => {
    const errors: unknown[] = []
    await scratch.serve(async (channel) => {
      const data = await channel.read()
      await channel.send('x', address as Address).catch((error: { code?: string }) => errors.push(error.code))
      await channel.write(data ?? '')
    })
    const client = await scratch.connect()
    expect(await rejection(client.send('x', address as Address))).toMatchObject({ code })
    expect(await ask(client, 'alive')).toBe('alive')
    expect(errors).toEqual([code])
  })

  it('channel.send() of a client goes to the server by its address too', async () => {
    const { address } = await scratch.serve()
    const client = await scratch.connect()
    await client.send('x', address)
    expect(String(await client.read())).toBe('x')
  })

  it('channel.send() of a client goes to others, whose answers the kernel refuses (F6)', async () => {
    const refused: unknown[] = []
    await scratch.serve()
    const { address } = await scratch.serve(
      async (channel) => {
        await channel.read()
        await channel.write('psst').catch((error: { code?: string }) => refused.push(error.code))
      },
      {},
      scratch.path('other.sock'),
    )
    const client = await scratch.connect()
    await client.send('x', address)
    await until(() => refused.length > 0, 'the other one answers')
    expect(refused).toEqual(['EPERM'])
    expect(await ask(client, 'mine')).toBe('mine')
  })
})
