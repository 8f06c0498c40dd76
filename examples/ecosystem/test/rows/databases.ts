import { expect } from '@jest/globals'
import type { StreamHandler } from '@sock/core'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { pgClient, redisClient } from '../../src/clients.js'
import { POSTGRES, postgres, redis } from '../support/databases.js'
import { serve } from '../support/grounds.js'
import type { Row } from '../support/row.js'

/** A server of ours in front of the database's own socket: so both ends of the connection are ours, on every ground. */
const tunnelTo =
  (path: string): StreamHandler =>
  async ({ stream }) => {
    const upstream = connect({ path, allowHalfOpen: true })
    await Promise.all([pipeline(stream, upstream), pipeline(upstream, stream)])
  }

export const databaseRows: readonly Row[] = [
  {
    name: 'pg asks PostgreSQL over a connection of ours',
    needs: POSTGRES,
    async test(ground) {
      const running = await serve(ground, tunnelTo(await postgres()))
      const client = await pgClient(running.dial, { user: 'test', database: 'postgres' })
      const { rows } = await client.query('select $1::text as said, repeat($2, 1000000) as much', [
        'hello',
        'x',
      ])
      expect(rows).toEqual([{ said: 'hello', much: 'x'.repeat(1_000_000) }])
      await expect(client.query('select nonsense')).rejects.toThrow('column "nonsense" does not exist')
      await client.end()
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
  {
    name: 'ioredis asks Redis over a connection of ours, and dials again when it was lost',
    needs: ['redis-server'],
    async test(ground) {
      const running = await serve(ground, tunnelTo(await redis()))
      const client = redisClient(running.dial)
      // After its end, ioredis would wait for 2 s.
      later(() => void (client.status === 'end' || client.disconnect()))
      await client.set('key', 'x'.repeat(1_000_000))
      expect(await client.strlen('key')).toBe(1_000_000)
      for (const connection of running.server.connections()) connection.destroy()
      await once(client, 'close')
      expect(await client.strlen('key')).toBe(1_000_000)
      expect(running.server.stats().accepted).toBe(2)
      await client.quit()
      await until(() => running.server.openConnections === 0, 'the connection is closed')
    },
  },
]
