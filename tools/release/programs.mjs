/* Programs of users, as text. They must run wherever the packages are installed, bundled or required. */

const USES = {
  tcp: ['createTcpServer', 'connectTcp', '127.0.0.1:0'],
  udp: ['createUdpServer', 'connectUdp', '127.0.0.1:0'],
  unix: ['createUnixServer', 'connectUnix', './echo.sock'],
  unixgram: ['createUnixgramServer', 'connectUnixgram', './echo.dgram'],
}

export const TRANSPORTS = Object.keys(USES)

/**
 * A program that talks to itself over each of the transports. For each it prints `tcp hello`, or `tcp CODE message`.
 *
 * @param format `esm` or `cjs`
 * @param engine whether it uses the native engine
 */
export function echoProgram(transports, { format = 'esm', engine = false } = {}) {
  const load = (names, from) =>
    format === 'cjs'
      ? `const { ${names.join(', ')} } = require('${from}')`
      : `import { ${names.join(', ')} } from '${from}'`
  const imports = transports.map((name) => load(USES[name].slice(0, 2), `@sock/${name}`))
  if (engine) imports.push(load(['engine'], '@sock/native'))
  const blocks = transports.map((name) => echo(name, engine ? '{ engine }' : '{}'))
  return `${imports.join('\n')}\nasync function main() {\n${blocks.join('')}}\nvoid main()\n`
}

const echo = (name, options) => `
  try {
    const server = ${USES[name][0]}(async (channel) => {
      for await (const data of channel) await channel.write(data)
    }, ${options})
    const client = await ${USES[name][1]}(await server.listen('${USES[name][2]}'), ${options})
    await client.write('hello')
    console.log('${name}', String(await client.read()))
    await client.close()
    await server.shutdown()
  } catch (error) {
    console.log('${name}', error.code, error.message)
  }
`
