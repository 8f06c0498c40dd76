/* What a user writes whose project is CommonJS: TypeScript 5.8 and newer know that it can be required. */
import core = require('@sock/core')
import { createTcpServer } from '@sock/tcp'
import type { Connection } from '@sock/core'

const server = createTcpServer((connection: Connection) => connection.close())
export const stopped: Promise<core.ShutdownReport> = server.shutdown()
// @ts-expect-error -- nothing of that name
export const nothing = core.createTcpServer
