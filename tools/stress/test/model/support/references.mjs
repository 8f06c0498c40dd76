// What keeps a process alive: `node references.mjs <tcp|udp|unix|unixgram> <node|native> <target>` prints the steps it went
// through. Each begins when the event loop has nothing left that keeps it running, or by a timer that does not.
const [name, engineName, target] = process.argv.slice(2)
const made = await import(`@sock/${name}`)
const create = made[`create${name[0].toUpperCase()}${name.slice(1)}Server`]
const { engine } = await import('@sock/native')
const server = create({ data() {} }, engineName === 'native' ? { engine } : {})

const steps = []
const act = (what, next) => {
  steps.push(`${what}: ${server.state}`)
  void next?.()
}
/** Timers of 10 ms that fire only if something else keeps the process alive. */
const unlessAtEnd = (what, next) => setTimeout(act, 10, what, next).unref()

const turns = [
  () => act('unref() before listen() lets the process end', keepAlive),
  () => act('unref() while it listens lets the process end', restart),
  () => act('unref() is remembered when it is started again'),
]

function keepAlive() {
  if (server.ref() !== server) throw new Error('ref() returns something else')
  unlessAtEnd('ref() keeps the process alive', () => server.unref())
}

async function restart() {
  await server.close()
  await server.listen(target)
  // Without a turn of the event loop its end would not be told again.
  setImmediate(() => {})
}

process.on('beforeExit', () => turns.shift()?.())
process.on('exit', () => console.log(JSON.stringify(steps)))

try {
  if (server.unref() !== server) throw new Error('unref() returns something else')
  await server.listen(target)
} catch (error) {
  steps.push(`${error.code}: ${server.state}`)
  // It can listen, as ever, once that is taken back.
  server.ref()
  await server.listen(target)
  try {
    server.unref()
  } catch ({ code }) {
    steps.push(`${code}: ${server.state}`)
  }
  turns.length = 0
  unlessAtEnd('it keeps the process alive', () => server.close())
}
