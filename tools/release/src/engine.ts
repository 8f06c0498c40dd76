import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Claims } from './claims.js'
import { TRANSPORTS, writeConsumers } from './consumers.js'
import type { Manager } from './managers.js'
import { NATIVE as UNIXGRAM } from './native.js'
import type { Versions } from './releases.js'

const NATIVE = '@sock/native'

/** Which binary fits this machine: `linux-x64-gnu`. */
export function platformHere(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return `${process.platform}-${process.arch}-${header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`
}

/**
 * Installs the native engine and two transports in an empty project, with install scripts off and where whatever compiles
 * is a trap, and lets programs use it.
 */
export async function installEngine(manager: Manager, versions: Versions, claims: Claims): Promise<void> {
  const traps = setTraps(manager)
  const project = manager.project('engine', traps.bin)
  const { code, output } = await project.add(manager.withoutScripts, NATIVE, '@sock/tcp', UNIXGRAM)
  const platform = platformHere()
  await claims.check(`${manager.name}: ${NATIVE} is installed with its scripts off`, () =>
    assert.equal(code, 0, output),
  )
  // Yarn 1 knows nothing of C libraries, and the lock file of Yarn 4 has the binaries of all platforms.
  const isChoosing = manager.name === 'npm' || manager.name === 'pnpm'
  if (isChoosing)
    await claims.check(`${manager.name}: of the binaries, only ${platform} is installed`, () => {
      const native = [...project.installed()]
        .filter(([name]) => name.startsWith(NATIVE))
        .map(([name, { version }]) => `${name}@${version}`)
      const version = versions.get(NATIVE)
      assert.deepEqual(native.toSorted(), [`${NATIVE}-${platform}@${version}`, `${NATIVE}@${version}`])
    })
  await claims.check(`${manager.name}: the engine serves an echo over tcp and unixgram`, async () => {
    writeFileSync(join(project.folder, 'engine.mjs'), ECHO)
    assert.equal(await project.program('engine.mjs'), 'tcp hello\nunixgram hello\n')
  })
  await claims.check(`${manager.name}: nothing was compiled for it, unix-dgram neither`, async () => {
    const unixgram = TRANSPORTS.find((it) => it.package === UNIXGRAM)
    assert.ok(unixgram)
    writeConsumers(project.folder, unixgram)
    assert.match(await project.program('unbuilt.mjs'), /^ERR_SOCK_NATIVE_UNAVAILABLE /m)
    assert.equal(existsSync(traps.log), false, 'something that compiles was started')
  })
}

/** Installs unixgram alone where nothing can be compiled, though its native module's script may run. */
export async function installUncompiled(manager: Manager, claims: Claims): Promise<void> {
  const project = manager.project('uncompiled', setTraps(manager).bin)
  if (manager.name === 'pnpm')
    writeFileSync(
      join(project.folder, 'pnpm-workspace.yaml'),
      'sideEffectsCache: false\nallowBuilds:\n  unix-dgram: true\n',
    )
  const { code, output } = await project.add(UNIXGRAM)
  await claims.check(`${manager.name}: ${UNIXGRAM} is installed where nothing can be compiled`, () =>
    assert.equal(code, 0, output),
  )
  await claims.check(`${manager.name}: its first use without an engine tells of both ways out`, async () => {
    const unixgram = TRANSPORTS.find((it) => it.package === UNIXGRAM)
    assert.ok(unixgram)
    writeConsumers(project.folder, unixgram)
    const told = await project.program('unbuilt.mjs')
    assert.match(told, /^ERR_SOCK_NATIVE_UNAVAILABLE .*npm install unix-dgram.*npm install @sock\/native/m)
  })
}

/** Programs without which nothing can be compiled; whoever starts one is noted. */
function setTraps(manager: Manager): { readonly bin: string; readonly log: string } {
  const bin = join(manager.folder, 'traps')
  const log = join(manager.folder, 'trapped')
  mkdirSync(bin, { recursive: true })
  rmSync(log, { force: true })
  for (const name of ['cc', 'c++', 'gcc', 'g++', 'clang', 'make', 'python', 'python3', 'node-gyp']) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho "$0 $*" >> '${log}'\nexit 1\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return { bin, log }
}

const ECHO = `
import { engine } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'

async function echo(create, target, connect) {
  const server = create(async (channel) => {
    for await (const data of channel) await channel.write(data)
  }, { engine })
  const client = await connect(await server.listen(target), { engine })
  await client.write('hello')
  console.log(server.transport, String(await client.read()))
  await client.close()
  await server.shutdown()
}
await echo(createTcpServer, '127.0.0.1:0', connectTcp)
await echo(createUnixgramServer, './engine.sock', connectUnixgram)
`
