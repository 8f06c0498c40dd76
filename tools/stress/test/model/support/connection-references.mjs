// What keeps a process alive: `node connection-references.mjs <tcp|unix> <node|native> <target>` prints the steps it went
// through, each with whether the client is open. The server is unreferenced, and both ends of one connection are here.
const [name, engineName, target] = process.argv.slice(2)
const made = await import(`@sock/${name}`)
const suffix = `${name[0].toUpperCase()}${name.slice(1)}`
const { engine } = await import('@sock/native')
const options = engineName === 'native' ? { engine } : {}

const steps = []
let opened
const accepted = new Promise((resolve) => (opened = resolve))
const server = made[`create${suffix}Server`]({ open: (connection) => opened(connection), data() {} }, options)
const client = await made[`connect${suffix}`](await server.unref().listen(target), options)
const connection = await accepted

const act = (what, next) => {
  steps.push(`${what}: ${client.isOpen}`)
  next?.()
}
/** A timer of 10 ms that fires only if something else keeps the process alive. */
const unlessAtEnd = (what, next) => setTimeout(act, 10, what, next).unref()

const turns = [
  () =>
    act('unref() of both ends lets the process end', () => {
      client.ref()
      unlessAtEnd('ref() of one keeps it alive', () => client.unref())
    }),
  () => act('unref() lets it end again'),
]

process.on('beforeExit', () => turns.shift()?.())
process.on('exit', () => console.log(JSON.stringify(steps)))

unlessAtEnd('an open connection keeps the process alive', () => {
  client.unref()
  connection.unref()
})
