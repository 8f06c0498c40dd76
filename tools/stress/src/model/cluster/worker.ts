import { createTcpServer } from '@sock/tcp'

/** A worker of a cluster: answers what it is sent. */
const server = createTcpServer({ data: (connection, chunk) => void connection.write(chunk) })
await server.listen('127.0.0.1:0')
