import { describe, expect, it } from '@jest/globals'
import { itUnixDgram } from '@sock/test-support/needs'
import { useFolder } from '@sock/test-support/scratch'
import { startExample } from './support/program.js'

const scratch = useFolder('example')

const FREE = '127.0.0.1:0'

/** The programs that need only an address, and their arguments. */
const programs: Record<string, (path: string) => readonly string[]> = {
  chat: () => [FREE],
  dns: () => [FREE],
  everywhere: (path) => [`tcp=${FREE}`, `udp=${FREE}`, `unix=${path}`, `unixgram=${path}.dgram`],
  http: (path) => [path],
  ipc: (path) => ['serve', path],
  proxy: (path) => [FREE, path],
  redis: () => [FREE],
  statsd: (path) => [FREE, path],
  syslog: (path) => [FREE, path],
  websocket: (path) => [path],
}

const WITH_UNIXGRAM = ['everywhere', 'statsd', 'syslog']

describe.each(Object.entries(programs))('%s', (name, args) => {
  const run = WITH_UNIXGRAM.includes(name) ? itUnixDgram : it
  run.each(['SIGINT', 'SIGTERM'] as const)(
    `${name} ends with 0 on %s, also while it starts, and leaves nothing`,
    async (signal) => {
      for (const moment of [/^Starting/, /^Listening/m]) {
        const program = startExample(name, ...args(scratch.path('sock')))
        await program.stdout.until(moment)
        program.kill(signal)
        expect(await program.ended).toBe(0)
        expect(program.stderr.text).toBe('')
        const opened = program.stdout.text.match(/^Listening/gm)
        expect(program.stdout.text.match(/^Closed .* 0 forced$/gm)).toHaveLength(opened?.length ?? 0)
      }
    },
  )
})
