import type { DatagramChannel } from '@sock/core'
import assert from 'node:assert/strict'
import { soon } from '../wait.js'

/** Sends a word, and checks that it comes back. */
export async function expectEcho(client: DatagramChannel, word: string): Promise<void> {
  await client.write(word)
  assert.equal(String(await soon(client.read(), 'the echo')), word)
}
