import { expect, it } from '@jest/globals'
import { itUnixDgram } from '@sock/test-support/needs'
import { rejection } from '@sock/test-support/wait'
import { noAbstractNames } from '../src/lib/abstract-names.js'
import { useScratch } from './support/scratch.js'

const scratch = useScratch()

it('noAbstractNames() names the name, what does not support it, and what does', () => {
  const { code, message } = noAbstractNames('@name')
  expect(code).toBe('ERR_SOCK_UNSUPPORTED')
  expect(message).toMatch(/"@name".* unix-dgram supports only paths\. Use .*@sock\/native/)
})

itUnixDgram(
  'listen(), connectUnixgram() and send() with unix-dgram reject an abstract name with the same message',
  async () => {
    await scratch.serve()
    const client = await scratch.connect()
    const refused = [
      scratch.server().server.listen('@name'),
      scratch.connect('@name'),
      client.send('x', { family: 'unix', path: '@name' }),
    ]
    const { message } = noAbstractNames('@name')
    for (const error of await Promise.all(refused.map((one) => rejection(one))))
      expect(error.message).toContain(message)
  },
)
