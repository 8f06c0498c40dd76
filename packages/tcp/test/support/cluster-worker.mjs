// A worker of a cluster of echo servers. Answers each message, so that the primary can wait for its turns.
import { createTcpServer } from '../../dist/index.js'

process.on('message', () => process.send('a turn'))
await createTcpServer({ data: (connection, chunk) => connection.write(chunk) }).listen('127.0.0.1:0')
