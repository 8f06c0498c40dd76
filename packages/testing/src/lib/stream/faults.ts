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

/** Causes a fault, checks its effects, and returns the server, which must go on serving and echo by then. */
export type Fault = (stage: Stage<StreamKind>) => Promise<Scene>

/**
 * Runs one fault. Afterwards a new client must be served, the server must close in time, every kept promise must have
 * settled, nothing may be left, and counters and events must agree.
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

/** Returns a handler that runs `handler` for its first connections, and echoes for later ones. */
export function firstly(handler: StreamFunction, count = 1): StreamFunction {
  let seen = 0
  return (connection: Connection) => (seen++ < count ? handler(connection) : echo(connection))
}

async function withstood(stage: Stage<StreamKind>, fault: Fault): Promise<void> {
  const scene = await fault(stage)
  assert.equal(scene.server.state, 'listening')
  // No deadline may pass before the answer, however slow the machine is.
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
