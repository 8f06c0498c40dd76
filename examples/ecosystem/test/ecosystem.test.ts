import { it } from '@jest/globals'
import { hasTool } from '@sock/test-support/needs'
import { databaseRows } from './rows/databases.js'
import { httpRows } from './rows/http.js'
import { rpcRows } from './rows/rpc.js'
import { sessionRows } from './rows/sessions.js'
import { grounds } from './support/grounds.js'

/** Each program on each ground. */
const table = [...httpRows, ...rpcRows, ...sessionRows, ...databaseRows].flatMap((row) => {
  const isThere = (row.needs ?? []).every(hasTool)
  return grounds.map((ground) => ({ row, ground, canRun: isThere && ground.isAvailable }))
})

for (const { row, ground, canRun } of table) {
  const run = canRun ? it : it.skip
  run(`${row.name}: over ${ground.name}`, () => row.test(ground))
}
