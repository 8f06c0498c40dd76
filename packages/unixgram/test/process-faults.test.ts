import { expect, it } from '@jest/globals'
import { describeDatagramFaults } from '@sock/test-support/datagram-process-faults'
import { itWithStrace } from '@sock/test-support/needs'
import { cpSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { engines } from './support/engines.js'
import { runProgram } from './support/program.js'
import { useScratch } from './support/scratch.js'

const require = createRequire(import.meta.url)
const folderOf = (name: string): string => realpathSync(dirname(require.resolve(`${name}/package.json`)))

function copy(from: string, to: string, files: readonly string[]): void {
  for (const file of files) cpSync(`${from}/${file}`, `${to}/${file}`, { recursive: true })
}

for (const { name, options, describe } of engines) {
  describe(`faults of processes${name}`, () => {
    const scratch = useScratch(options.engine)
    const isNode = options.engine === undefined
    const receive = isNode ? 'recvmsg' : 'recvmmsg'
    describeDatagramFaults(
      { name, options, describe },
      {
        module: 'unixgram',
        run: runProgram,
        transport: 'Unixgram',
        target: () => scratch.path(),
        send: isNode ? 'sendmsg' : 'sendto,sendmmsg',
        receive,
        // The native engine sends writes at once, and answers as a batch. Otherwise, the first two are those of the client.
        write: [isNode ? 'sendmsg' : 'sendto', 1],
        answer: isNode ? ['sendmsg', 3] : ['sendmmsg', 1],
        connectCode: 'EACCES',
      },
    )

    itWithStrace(
      'a receive that fails on a client rejects the read that waits, and the next one gets the answer (D15)',
      async () => {
        const program = `
          const server = unixgram.createUnixgramServer({ data: (channel, data) => channel.write(data) }, options)
          const client = await unixgram.connectUnixgram(await server.listen(args[0]), options)
          await client.write('one')
          const failure = await client.read().catch((error) => error.code)
          done([failure, String(await client.read())])
          await client.close()
          await server.close()`
        // The first call is that of the server.
        const inject = `${receive}:error=ENOMEM:when=2`
        const result = await runProgram(program, [scratch.path()], { ...options, inject })
        expect(result).toEqual(['ENOMEM', 'one'])
      },
    )

    it('a second copy of the package, with a second copy of the native module, works beside the first (F16)', async () => {
      const folder = scratch.own('copy')
      copy(fileURLToPath(new URL('..', import.meta.url)), folder, ['package.json', 'dist'])
      mkdirSync(`${folder}/node_modules/@sock`, { recursive: true })
      symlinkSync(folderOf('@sock/core'), `${folder}/node_modules/@sock/core`)
      const [native, files] =
        options.engine === undefined
          ? ['unix-dgram', ['package.json', 'build/Release/unix_dgram.node']]
          : ['@sock/native', ['package.json', 'dist', 'build/sock_native.node']]
      copy(folderOf(native), `${folder}/node_modules/${native}`, files)
      const program = `
      const copy = await import(${JSON.stringify(pathToFileURL(`${folder}/dist/index.js`).href)})
      const native = ${JSON.stringify(pathToFileURL(`${folder}/node_modules/@sock/native/dist/index.js`).href)}
      const copied = options.engine === undefined ? {} : { engine: (await import(native)).engine }
      const first = [unixgram, options]
      const second = [copy, copied]
      const handler = { data: (channel, data) => channel.write(data) }
      const answers = []
      for (const [[one, its], [other, theirs]] of [[first, second], [second, first], [second, second]]) {
        const server = one.createUnixgramServer(handler, its)
        await server.listen(args[0])
        const client = await other.connectUnixgram(args[0], theirs)
        await client.write('x')
        answers.push(String(await client.read()))
        await client.close()
        await server.close()
      }
      const loaded = process.report.getReport().sharedObjects.filter((name) => name.endsWith('.node'))
      done([loaded.length, answers])`
      expect(await runProgram(program, [scratch.path()], options)).toEqual([2, ['x', 'x', 'x']])
    })
  })
}
