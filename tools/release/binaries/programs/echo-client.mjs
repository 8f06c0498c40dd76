// `node echo-client.mjs <transport> <address> <bytes> <messages> <connections>`: small ones are waited for, large ones are not.
import { engine } from '@sock/native'
import { fixtures } from './fixtures.mjs'

const LARGEST_ANSWERED = 64

const [transport = '', address = '', bytes, messages, connections] = process.argv.slice(2)
const { connect, isStream } = fixtures(engine, '')[transport]
const message = Buffer.alloc(Number(bytes))

async function visit() {
  const client = await connect(address)
  for (let count = 0; count < Number(messages) / Number(connections); count++) {
    await client.write(message)
    if (message.length > LARGEST_ANSWERED) continue
    for (let waited = 0; waited < (isStream ? message.length : 1);) {
      const answer = await client.read()
      if (answer === null) throw new Error('The server has left')
      waited += isStream ? answer.length : 1
    }
  }
  await client.close()
}

await Promise.all(Array.from({ length: Number(connections) }, visit))
