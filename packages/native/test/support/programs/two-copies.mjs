// Two copies of our JavaScript load one binary, as when two versions of the package are installed.
import { engine } from '@sock/native'
import { ask, echoOn, tell } from './tools.mjs'

const copy = new URL('lib/engine.js?another', import.meta.resolve('@sock/native'))
const { engine: another } = await import(copy)
const first = await echoOn(engine)
const second = await echoOn(another)
const answers = []
for (const [listener, word] of [
  [first, 'one'],
  [second, 'two'],
  [first, 'one again'],
])
  answers.push(await ask(listener.address.port, word))
await first.close()
// The other goes on without it.
answers.push(await ask(second.address.port, 'two again'))
await second.close()
tell({ areTwo: engine !== another, answers })
