// Sends a word through a server and a client that use the engine, and prints what comes back, or why it cannot.
import { engine } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'

try {
  const server = createTcpServer(
    async (connection) => {
      for await (const chunk of connection) await connection.write(chunk)
    },
    { engine },
  )
  const address = await server.listen('127.0.0.1:0')
  const client = await connectTcp(address, { engine })
  await client.write('hello\n')
  process.stdout.write(await client.read())
  await client.close()
  await server.shutdown()
} catch (error) {
  console.log(`${error.code} ${error.message}`)
}
