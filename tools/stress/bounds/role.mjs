// One side of a scenario, in a process of its own: `node role.mjs server|peers <scenario> <target>`.
import { readFileSync } from 'node:fs'
import { scenarios } from './scenarios.mjs'

const [role, name, target] = process.argv.slice(2)
const scenario = scenarios[name]

if (role === 'server') await serve()
else {
  await scenario.attack(JSON.parse(target), scenario.count)
  process.send('done')
  // What is open stays open until the parent goes.
  process.on('disconnect', () => process.exit(0))
}

async function serve() {
  const server = await scenario.serve(scenario.limits)
  const address = await server.listen(target)
  process.on('message', () => process.send({ peak: peak(), stats: server.stats() }))
  process.once('disconnect', () => void server.close().then(() => process.exit(0)))
  process.send({ address: { host: address.host, port: address.port, path: address.path }, peak: peak() })
}

/** The most memory that this process ever had in RAM, in bytes (VmHWM, proc(5)). */
function peak() {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])
}
