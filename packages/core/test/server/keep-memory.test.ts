import { describe, expect, it } from '@jest/globals'
import { moduleRunner } from '@sock/test-support/task'

const run = moduleRunner('stream', new URL('../../dist/stream.js', import.meta.url))

/** Blocks of memory that are written, freed, and allocated again, and the pages of one of them. */
const BLOCKS = 20
const PAGES = (1024 * 1024) / 4096

/** Starts a server, and then uses the same memory again and again. Its result is the number of page faults. */
const USE = `
  const collect = async () => {
    gc()
    await new Promise(setImmediate)
    gc()
  }
  const { checkOptions } = await import('./transport.js')
  const settings = checkOptions('options', {}, stream.streamServerChecks)
  const endpoint = { kind: 'ip', host: '127.0.0.1', port: 0 }
  const open = (_, sink) => stream.nodeEngine.listenStream(endpoint, settings, sink)
  const binding = { transport: 'tcp', secure: false, parse: (target) => target, open }
  const server = stream.createStreamServer(binding, { data() {} }, settings)
  await server.listen('anywhere')
  await server.close()
  await collect()
  const before = process.resourceUsage().minorPageFault
  for (let left = ${BLOCKS}; left > 0; left--) {
    Buffer.allocUnsafeSlow(1024 * 1024).fill(1)
    await collect()
  }
  done(process.resourceUsage().minorPageFault - before)
`

async function faultsOf(environment: readonly string[]): Promise<number> {
  return (await run(USE, [], { flags: ['--expose-gc'], under: ['env', ...environment] })) as number
}

const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
  .header
const onGlibc = glibcVersionRuntime === undefined ? it.skip : it

describe('keepFreedMemory', () => {
  onGlibc(
    'a process with a server keeps freed memory for later, instead of asking the system for each page again',
    async () => {
      expect(await faultsOf([])).toBeLessThan((BLOCKS * PAGES) / 4)
    },
  )

  onGlibc(
    'a process with a server leaves freed memory to glibc when MALLOC_TRIM_THRESHOLD_ is set',
    async () => {
      const faults = await faultsOf(['MALLOC_TRIM_THRESHOLD_=131072'])
      expect(faults).toBeGreaterThanOrEqual(BLOCKS * PAGES)
    },
  )
})
