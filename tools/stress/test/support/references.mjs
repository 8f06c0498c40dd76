// `node references.mjs <transport> <node|native> <target>` ends when nothing that is referenced is open, and prints what kept it
// alive when it alone was referenced: the server, and of a stream the accepted connection and the client.
import { engine as native } from '@sock/native'

const [name, engineName, target] = process.argv.slice(2)
const made = await import(`@sock/${name}`)
const suffix = `${name[0].toUpperCase()}${name.slice(1)}`
const options = engineName === 'native' ? { engine: native } : {}

let accept
const accepting = new Promise((resolve) => (accept = resolve))
const server = made[`create${suffix}Server`]({ open: (connection) => accept(connection), data() {} }, options)
const open = { server: server.unref() }
// It is remembered when it is started again.
await server.listen(target)
await server.close()
const address = await server.listen(target)
if (name === 'tcp' || name === 'unix') {
  open.client = await made[`connect${suffix}`](address, options)
  open.accepted = (await accepting).unref()
  open.client.unref()
}

const kept = []
const names = Object.keys(open)
process.on('beforeExit', () => {
  const one = names.shift()
  if (one === undefined) return
  open[one].ref()
  // It fires only if something else keeps the process alive.
  setTimeout(() => {
    kept.push(one)
    open[one].unref()
  }, 10).unref()
})
process.on('exit', () => console.log(kept.join(', ')))
