import { describe, expect, it } from '@jest/globals'
import { linkSync, lstatSync, statSync } from 'node:fs'
import type { StreamHandler } from '@sock/core'
import type { UnixServer } from '../src/index.js'
import { ask, leaveDeadSocket, useScratch } from './support/scratch.js'
import type { Child } from './support/child.js'

const scratch = useScratch()

const ROUNDS = 30

describe('listen on the path of a dead socket', () => {
  it('listen() on the path of a dead socket replaces the socket that a killed server has left (E1)', async () => {
    const path = scratch.path()
    const victim = scratch.child(async ({ createUnixServer, say, hear }, at) => {
      await createUnixServer({ open: () => undefined }).listen(at)
      say('ready')
      await hear()
    }, path)
    await victim.hear()
    await victim.kill()
    const left = lstatSync(path, { bigint: true })
    await scratch.server().listen(path)
    const now = lstatSync(path, { bigint: true })
    expect([now.ino, now.birthtimeNs]).not.toEqual([left.ino, left.birthtimeNs])
    expect(scratch.names()).toEqual(['app.sock'])
    expect(await ask(await scratch.connect(path), 'alive')).toBe('alive')
  })

  it('listen() on the path of a dead socket gives the new file its own mode', async () => {
    const path = scratch.path()
    await leaveDeadSocket(path)
    await scratch.server().listen({ path, mode: 0o640 })
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })

  it('listen() on the path of a dead socket leaves another name of the dead socket alone', async () => {
    const path = scratch.path()
    await leaveDeadSocket(path)
    linkSync(path, scratch.own('other.sock'))
    await scratch.server().listen(path)
    expect(lstatSync(scratch.path('other.sock')).nlink).toBe(1)
  })

  it.each([2, 5, 20])(
    'listen() on the path of a dead socket is won by exactly one of %i servers in one process (E3)',
    async (count) => {
      const path = scratch.path()
      for (let round = 0; round < ROUNDS; round++) {
        await leaveDeadSocket(path)
        const servers = Array.from({ length: count }, (_, n) => scratch.server(sayer(`server ${n}`)))
        const results = await Promise.allSettled(servers.map((server) => server.listen(path)))
        const winners = results.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []))
        expect(winners).toHaveLength(1)
        expectInUse(results)
        expect(await ask(await scratch.connect(path), '')).toBe(`server ${winners[0]}`)
        await (servers[winners[0] as number] as UnixServer).close()
        expect(scratch.names()).toEqual([])
      }
    },
  )

  it.each([2, 5, 20])(
    'listen() on the path of a dead socket is won by exactly one of %i processes (E3)',
    async (count) => {
      const racers = Array.from({ length: count }, (_, n) => startRacer(n))
      await Promise.all(racers.map((racer) => racer.hear()))
      for (let round = 0; round < ROUNDS; round++) await race(racers)
    },
  )
})

describe('listen on the path of a dead socket that a killed process had claimed', () => {
  it('listen() on the path of a dead socket that a killed process had claimed removes the claim once it is old', async () => {
    const path = scratch.path()
    await leaveDeadSocket(path)
    linkSync(path, `${scratch.folder}/.app.sock.${lstatSync(path).ino}.dead`)
    const late = scratch.child(
      async ({ createUnixServer, connectUnix, fs }, at, folder) => {
        const { now } = Date
        Date.now = () => now() + 60_000
        const server = createUnixServer(async (connection) => connection.write('hello'))
        await server.listen(at)
        const names = fs.readdirSync(folder)
        const client = await connectUnix(at)
        const answer = String(await client.read())
        await client.close()
        await server.close()
        return { names, answer }
      },
      path,
      scratch.folder,
    )
    expect(await late.result).toEqual({ names: ['app.sock'], answer: 'hello' })
  })

  it('listen() on the path of a dead socket that a killed process had claimed rejects while the claim is new, since another process may be using it', async () => {
    const path = scratch.own()
    await leaveDeadSocket(path)
    const claim = `.app.sock.${lstatSync(path).ino}.dead`
    linkSync(path, scratch.own(claim))
    const server = scratch.server()
    await expect(server.listen(path)).rejects.toMatchObject({ code: 'ERR_SOCK_PATH_IN_USE' })
    expect(server.state).toBe('idle')
    expect(scratch.names()).toEqual([claim, 'app.sock'])
  })
})

function sayer(text: string): StreamHandler {
  return async (connection) => connection.write(text)
}

function expectInUse(results: PromiseSettledResult<unknown>[]): void {
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
  expect(failures).toEqual(failures.map(() => 'ERR_SOCK_PATH_IN_USE'))
}

/** A process that listens on request, and reports the result. */
function startRacer(number: number): Child<never> {
  return scratch.child(
    async ({ createUnixServer, say, hear, until }, path, own) => {
      const server = createUnixServer(async (connection) => connection.write(`process ${own}`))
      say('ready')
      for (;;) {
        const start = Number(await hear())
        await until(() => Date.now() >= start)
        say(
          await server.listen(path).then(
            () => 'won',
            (error: { code?: string }) => error.code,
          ),
        )
        await hear()
        await server.close()
        say('closed')
      }
    },
    scratch.path(),
    number,
  )
}

async function race(racers: Child<never>[]): Promise<void> {
  const path = scratch.path()
  await leaveDeadSocket(path)
  const start = Date.now() + 5
  for (const racer of racers) racer.say(start)
  const results = await Promise.all(racers.map((racer) => racer.hear<string>()))
  const winner = results.indexOf('won')
  expect(results.toSorted()).toEqual([...racers.slice(1).map(() => 'ERR_SOCK_PATH_IN_USE'), 'won'])
  expect(await ask(await scratch.connect(path), '')).toBe(`process ${winner}`)
  for (const racer of racers) racer.say('close')
  await Promise.all(racers.map((racer) => racer.hear()))
  expect(scratch.names()).toEqual([])
}
