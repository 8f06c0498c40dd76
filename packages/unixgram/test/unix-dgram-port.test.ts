import { expect, it } from '@jest/globals'
import { describeUnixDgram as describe } from '@sock/test-support/needs'
import { rejection, until } from '@sock/test-support/wait'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

describe('a message', () => {
  const sizes: [number, number, boolean][] = [
    [65_535, 65_535, false],
    [65_536, 65_536, true],
    [70_000, 65_536, true],
    [212_960, 65_536, true],
  ]

  it.each(sizes)(
    'a message of %i bytes arrives with %i, truncated: %s (D2, F2)',
    async (size, length, truncated) => {
      const seen: unknown[] = []
      await scratch.serve({ data: (_, data, __, cut) => void seen.push([data.length, data.at(-1), cut]) })
      const message = Buffer.alloc(size, 7)
      await (await scratch.connect()).write(message)
      await until(() => seen.length === 1, 'it arrives')
      expect(seen).toEqual([[length, 7, truncated]])
    },
  )

  it.each([212_961, 300_000, 4 * 1024 * 1024 + 1])(
    'a message of %i bytes is refused, and the client goes on (D2, F2)',
    async (size) => {
      await scratch.serve()
      const client = await scratch.connect()
      expect(await rejection(client.write(Buffer.alloc(size)))).toMatchObject({
        code: 'ERR_SOCK_MESSAGE_TOO_LARGE',
      })
      expect(await ask(client, 'alive')).toBe('alive')
    },
  )
})
