import { beforeAll, describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../../checks/bootstrap/child.mjs'
import { inRoot } from '../../../checks/bootstrap/workspace.mjs'
import { installInto, scratchFolder } from './support/tarballs.mjs'

/*
 * What an application becomes that is bundled into one file, and is run where its packages are, or elsewhere.
 */
const scratch = scratchFolder()
const away = scratchFolder()
const formats = ['cjs', 'esm']
const BINARY = 'sock_native.node'

const PROGRAM = `
import { engine } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'

async function echo(create, target, connect, options) {
  const server = create({ data: (channel, data) => channel.write(data) }, options)
  try {
    const client = await connect(await server.listen(target), options)
    await client.write('hello')
    console.log(server.transport, String(await client.read()))
    await client.close()
    await server.shutdown()
  } catch (error) {
    console.log(server.transport, error.code)
  }
}
const target = process.argv[2]
if (process.argv[3] === 'native') {
  echo(createTcpServer, '127.0.0.1:0', connectTcp, { engine })
    .then(() => echo(createUnixgramServer, target, connectUnixgram, { engine }))
} else {
  echo(createTcpServer, '127.0.0.1:0', connectTcp, {})
    .then(() => echo(createUnixgramServer, target, connectUnixgram, {}))
}
`

/** Where the binary of this machine is in what was packed; some machines cannot compile any. */
const binary = () => {
  const modules = join(scratch, 'node_modules/@sock')
  const { header } = process.report.getReport()
  const libc = header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'
  const path = join(modules, `native-${process.platform}-${process.arch}-${libc}`, BINARY)
  return existsSync(path) ? path : undefined
}

const bundle = (folder, format) => join(folder, `bundle.${format === 'cjs' ? 'cjs' : 'mjs'}`)
// pnpm names its own folder of packages there when it runs a script: a user's system does not.
const { NODE_PATH: _, ...env } = process.env
const runBundle = (folder, format, ...args) =>
  run(process.execPath, [bundle(folder, format), join(folder, `${format}.sock`), ...args], { env })

beforeAll(async () => {
  installInto(scratch)
  symlinkSync(inRoot('packages/unixgram/node_modules/unix-dgram'), join(scratch, 'node_modules/unix-dgram'))
  writeFileSync(join(scratch, 'main.mjs'), PROGRAM)
  for (const format of formats) {
    await build({
      entryPoints: [join(scratch, 'main.mjs')],
      bundle: true,
      platform: 'node',
      format,
      outfile: bundle(scratch, format),
      logLevel: 'error',
      // esbuild says that it is empty in CommonJS, which is looked after.
      logOverride: { 'empty-import-meta': 'silent' },
    })
    copyFileSync(bundle(scratch, format), bundle(away, format))
  }
})

describe.each(formats)('a bundle in the format %s', (format) => {
  it('runs, and finds unix-dgram among its packages', async () => {
    const output = 'tcp hello\nunixgram hello\n'
    expect(await runBundle(scratch, format)).toEqual({ code: 0, output })
  })

  it('runs without its packages, and tells at the first use what is missing', async () => {
    const output = 'tcp hello\nunixgram ERR_SOCK_NATIVE_UNAVAILABLE\n'
    expect(await runBundle(away, format)).toEqual({ code: 0, output })
    const code = 'ERR_SOCK_NATIVE_UNAVAILABLE'
    const native = `tcp ${code}\nunixgram ${code}\n`
    expect(await runBundle(away, format, 'native')).toEqual({ code: 0, output: native })
  })

  it('finds the native engine among its packages, or beside itself', async () => {
    const path = binary()
    if (path === undefined) {
      console.warn('There is no binary for this machine: bundles with the native engine are not tested')
      return
    }
    const output = 'tcp hello\nunixgram hello\n'
    expect(await runBundle(scratch, format, 'native')).toEqual({ code: 0, output })
    const beside = join(away, format)
    mkdirSync(beside)
    copyFileSync(path, join(beside, BINARY))
    copyFileSync(bundle(away, format), bundle(beside, format))
    expect(await runBundle(beside, format, 'native')).toEqual({ code: 0, output })
  })
})
