import type { Connection, StreamFunction } from '@sock/core'
import assert from 'node:assert/strict'
import { echo, readExactly } from '../handlers.js'
import {
  defineSuite,
  perform,
  type Scene,
  type Stage,
  type StreamFixture,
  type StreamKind,
  type SuiteOf,
} from '../stage.js'
import { soon } from '../wait.js'

/** Provokes something bad, says what must come of it, and returns the server that has to serve on: by then it echoes. */
export type Fault = (stage: Stage<StreamKind>) => Promise<Scene>

/**
 * Runs one fault. Afterwards a new client is served, the server closes in good time, everything that was kept has
 * settled, nothing is left, and counters and events say the same.
 *
 * @example
 * it('a peer that …', () => provoke(fixture, async (stage) => stage.serve(echo)))
 */
export function provoke(fixture: StreamFixture, fault: Fault): Promise<void> {
  return perform(fixture, (stage) => withstood(stage, fault))
}

/** A suite of faults, for every stream transport. */
export function defineFaults(name: string, faults: Readonly<Record<string, Fault>>): SuiteOf<StreamKind> {
  const cases = Object.entries(faults).map(([title, fault]) => [
    title,
    (stage: Stage<StreamKind>) => withstood(stage, fault),
  ])
  return defineSuite(
    name,
    Object.fromEntries(cases) as Record<string, (stage: Stage<StreamKind>) => Promise<void>>,
  )
}

/** A handler that treats its first connections in another way than those that come later, to which it is an echo. */
export function firstly(handler: StreamFunction, count = 1): StreamFunction {
  let seen = 0
  return (connection: Connection) => (seen++ < count ? handler(connection) : echo(connection))
}

async function withstood(stage: Stage<StreamKind>, fault: Fault): Promise<void> {
  const scene = await fault(stage)
  assert.equal(scene.server.state, 'listening')
  // However long the answer takes on this machine, no deadline of this server is meant to strike before it.
  stage.holdClock()
  const question = 'Is anybody there?'
  const client = await soon(scene.connect(), 'connecting after the fault')
  await client.write(question)
  assert.equal(
    String(await soon(readExactly(client, question.length), 'the answer after the fault')),
    question,
  )
  await soon(client.close(), 'closing after the fault')
}
