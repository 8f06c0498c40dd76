import type { UnixTarget } from '@sock/core'
import assert from 'node:assert/strict'
import { statSync, type Stats } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { echo } from './handlers.js'
import { defineAnySuite, type AnyFixture, type AnyKind, type Stage } from './stage.js'
import { soon } from './wait.js'

type Cases = Readonly<Record<string, (stage: Stage<AnyKind>) => Promise<void>>>

/** A user and a group that own nothing. */
const NOBODY = 65_534

const modes: Cases = {
  'listen() gives a socket file the mode 0600 by default': async ({ fixture }) => {
    assert.equal(modeOf(await look(fixture)), '600')
  },

  'listen() gives a socket file the mode of its target': async ({ fixture }) => {
    for (const mode of [0o660, 0o666, 0o777, 0o444, 0])
      assert.equal(modeOf(await look(fixture, { mode })), mode.toString(8))
  },
}

const umasks: Cases = {
  'listen() gives a socket file its mode whatever the umask, which stays as it is (E10)': async ({
    fixture,
  }) => {
    const before = process.umask(0)
    try {
      for (const umask of [0, 0o022, 0o027, 0o077]) {
        process.umask(umask)
        for (const mode of [0o600, 0o666]) await expectMode(fixture, mode, umask)
      }
    } finally {
      process.umask(before)
    }
  },
}

const owners: Cases = {
  'listen() gives a socket file the uid, the gid and the mode of its target': async ({ fixture }) => {
    const found = await look(fixture, { uid: NOBODY, gid: NOBODY, mode: 0o640 })
    assert.deepEqual([found.uid, found.gid, modeOf(found)], [NOBODY, NOBODY, '640'])
  },

  'listen() with a uid leaves the group of a socket file as it is, and with a gid its owner': async ({
    fixture,
  }) => {
    const own = await look(fixture)
    const withUid = await look(fixture, { uid: NOBODY })
    assert.deepEqual([withUid.uid, withUid.gid], [NOBODY, own.gid])
    const withGid = await look(fixture, { gid: NOBODY })
    assert.deepEqual([withGid.uid, withGid.gid], [own.uid, NOBODY])
  },
}

/** Mode and owner of socket files. A worker thread may not set the umask, and only root may give files away. */
export const socketFiles = defineAnySuite('socket files', {
  ...modes,
  ...(isMainThread ? umasks : {}),
  ...(process.getuid?.() === 0 ? owners : {}),
})

/** Returns what a socket file looks like while a server listens. */
async function look(fixture: AnyFixture, access: Omit<UnixTarget, 'path'> = {}): Promise<Stats> {
  const path = fixture.target()
  const server = fixture.createServer(echo)
  await server.listen({ path, ...access } as never)
  const found = statSync(path)
  await soon(server.close(), 'close')
  return found
}

const modeOf = ({ mode }: Stats): string => (mode & 0o7777).toString(8)

/** Checks the mode of a socket file, and the umask after every step. */
async function expectMode(fixture: AnyFixture, mode: number, umask: number): Promise<void> {
  // Setting the umask tells what it was; asking without setting it is deprecated.
  const expectUmask = (): void => assert.equal(process.umask(umask), umask)
  const target = { path: fixture.target(), mode }
  const servers = [fixture.createServer(echo), fixture.createServer(echo)] as const
  const listening = servers[0].listen(target as never)
  expectUmask()
  await listening
  expectUmask()
  assert.equal(modeOf(statSync(target.path)), mode.toString(8))
  for (const server of servers) {
    await assert.rejects(server.listen(target as never))
    expectUmask()
  }
  await servers[0].close()
  expectUmask()
}
