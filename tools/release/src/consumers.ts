import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a user of a transport writes down. */
export interface Transport {
  readonly package: string
  readonly create: string
  readonly connect: string
  /** As source. */
  readonly target: string
}

export const TRANSPORTS: readonly Transport[] = [
  { package: '@sock/tcp', create: 'createTcpServer', connect: 'connectTcp', target: "'127.0.0.1:0'" },
  { package: '@sock/udp', create: 'createUdpServer', connect: 'connectUdp', target: "'127.0.0.1:0'" },
  { package: '@sock/unix', create: 'createUnixServer', connect: 'connectUnix', target: "'./echo.sock'" },
  {
    package: '@sock/unixgram',
    create: 'createUnixgramServer',
    connect: 'connectUnixgram',
    target: "'./echo.sock'",
  },
]

/** Writes programs that serve an echo, talk to it, and print `hello`: as an ES module, as CommonJS, and in TypeScript. */
export function writeConsumers(folder: string, transport: Transport): void {
  const { package: name, create, connect } = transport
  const echo = echoOf(transport)
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text)
  write('echo.mjs', `import { ${connect}, ${create} } from '${name}'\n${echo}`)
  write(
    'echo.cjs',
    `const { ${connect}, ${create} } = require('${name}')\nasync function main() {\n${echo}}\nvoid main()\n`,
  )
  write('typed.mts', `import { ${connect}, ${create} } from '${name}'\n${echo}${TYPES}`)
  write('unbuilt.mjs', unbuiltOf(transport))
}

/** JavaScript that is TypeScript too. */
const echoOf = ({ create, connect, target }: Transport) => `
const server = ${create}(async (channel) => {
  for await (const data of channel) await channel.write(data)
})
const address = await server.listen(${target})
const client = await ${connect}(address)
await client.write('hello')
const answer = await client.read()
console.log(String(answer))
await client.close()
await server.shutdown()
`

/** Types that are there, and not just \`any\`. */
const TYPES = `
const bytes: Uint8Array | null = answer
// @ts-expect-error
const text: string = answer
void [bytes, text]
export {}
`

const unbuiltOf = ({ package: name, create, target }: Transport) => `
const { ${create} } = await import('${name}')
console.log('imported')
await ${create}(() => {}).listen(${target}).catch((error) => console.log(error.code, error.message))
`
