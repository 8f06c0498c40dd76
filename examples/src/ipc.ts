/**
 * Questions and answers between two programs on one machine. The client sends JSON, ends its side, and reads JSON up
 * to the end.
 *
 *   node examples/dist/ipc.js serve /tmp/ipc.sock
 *   node examples/dist/ipc.js ask /tmp/ipc.sock '{"method":"add","params":[1,2]}'
 */
import { exchange } from '@sock/core'
import { connectUnix, createUnixServer, type Connection } from '@sock/unix'
import { once } from 'node:events'

const MAX_QUESTION = 1024 * 1024

const methods: Readonly<Record<string, (params: readonly number[]) => unknown>> = {
  add: (params) => params.reduce((sum, value) => sum + value, 0),
  pid: () => process.pid,
}

function answer(question: string): unknown {
  try {
    const { method, params = [] } = JSON.parse(question) as { method: string; params?: number[] }
    if (!Object.hasOwn(methods, method)) throw new Error(`Unknown method "${method}"`)
    return { result: methods[method]?.(params) }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

async function handle(connection: Connection): Promise<void> {
  const chunks: Buffer[] = []
  let length = 0
  // The end of the input is the end of the question, so it needs neither a length nor a separator.
  for await (const chunk of connection) {
    length += chunk.length
    if (length > MAX_QUESTION) throw new Error(`A question is longer than ${MAX_QUESTION} bytes`)
    chunks.push(chunk)
  }
  // The shutdown has ended the input, not the client.
  if (length === 0) return
  await connection.write(JSON.stringify(answer(Buffer.concat(chunks).toString())))
}

async function serve(path: string): Promise<void> {
  const server = createUnixServer(handle, { idleTimeout: 10_000 })
  server.on('state', (_state, message) => console.log(message))
  server.on('error', (error) => console.error(error.message))
  // Install signal handlers before you listen: an early signal must not leave the socket file behind.
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  // The mode decides who may connect. 0o600, only this user, is the default.
  await server.listen({ path, mode: 0o600 })
  await stop
  await server.shutdown({ timeout: 5_000 })
}

async function ask(path: string, question: string): Promise<void> {
  // One deadline for connecting, the question and the answer.
  const signal = AbortSignal.timeout(5_000)
  const reply = await exchange(await connectUnix(path, { signal }), question, { signal })
  console.log(reply.toString())
}

async function main([command, path = '/tmp/ipc.sock', question = '']: readonly string[]): Promise<void> {
  if (command === 'serve') await serve(path)
  else if (command === 'ask') await ask(path, question)
  else throw new Error('Usage: ipc.js serve PATH | ipc.js ask PATH JSON')
}

await main(process.argv.slice(2))
