import assert from 'node:assert/strict'
import { socketContexts } from '../async-context.js'
import { echo, readAll, untilStopped } from '../handlers.js'
import { defineSuite } from '../stage.js'
import { eventually, soon } from '../wait.js'

/** Options of transports whose connections are an engine's sockets. */
export const sockets = defineSuite(
  'sockets',
  {
    'configure runs once per connection, before the handler, with the socket': async (stage) => {
      const seen: string[] = []
      const { connect } = await stage.serve(
        (connection) => {
          seen.push('handler')
          return connection.write('x')
        },
        // Which socket it is depends on the engine.
        { configure: (socket) => void seen.push(typeof socket) },
      )
      await soon(readAll(await connect()), 'the end')
      await soon(readAll(await connect()), 'the end')
      assert.deepEqual(seen, ['object', 'handler', 'object', 'handler'])
    },

    'configure that throws is reported, and the connection destroyed (A19)': async (stage) => {
      const { connect, server, errors } = await stage.serve(untilStopped, {
        configure() {
          throw new Error('cannot configure')
        },
      })
      await connect()
        .then(readAll)
        .catch(() => {})
      await eventually(() =>
        assert.deepEqual(
          errors.map(({ message }) => message),
          ['cannot configure'],
        ),
      )
      await eventually(() => assert.equal(server.openConnections, 0))
    },

    'configure runs with the socket, and rejects connect when it throws': async (stage) => {
      const { connect, server } = await stage.serve(echo)
      let count = 0
      await connect({ configure: () => void (count += 1) })
      assert.equal(count, 1)
      const failing = connect({
        configure() {
          throw new Error('cannot configure')
        },
      })
      await assert.rejects(failing, /cannot configure/)
      await eventually(() => assert.equal(server.openConnections, 1))
    },

    'configure, engine and backlog of a wrong type throw, and name option and value': async ({ fixture }) => {
      const wrong: [object, RegExp][] = [
        [{ configure: 1 }, /"configure".*1/],
        [{ engine: 'node' }, /"engine".*'node'/],
      ]
      for (const [options, message] of wrong) {
        assert.throws(() => fixture.createServer(echo, options), { name: 'TypeError', message })
        const connecting = fixture.connect(fixture.target(), options)
        await assert.rejects(connecting, { name: 'TypeError', message })
      }
      const message = /"backlog".*0/
      assert.throws(() => fixture.createServer(echo, { backlog: 0 }), { name: 'RangeError', message })
    },
  },
  [socketContexts],
)
