import { afterAll } from '@jest/globals'
import { createFolder, type Folder } from '@sock/tools/folder'
import { NOBODY } from '@sock/test-support/needs'
import { until } from '@sock/test-support/wait'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Debian keeps PostgreSQL's own programs in a folder per version, which is not in PATH. */
const DEBIAN = '/usr/lib/postgresql'

/** What `startPostgres()` needs, as patterns for the shell. Other packages have `pg_ctlcluster`. */
export const POSTGRES = ['initdb', 'postgres'].map((program) => `${DEBIAN}/*/bin/${program}`)

/** The folder of initdb and postgres. */
function findPostgres(): string | undefined {
  return readdirSync(DEBIAN)
    .map((version) => join(DEBIAN, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')))
}

/** PostgreSQL refuses to run as root. */
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

/** What is started once and serves all tests of the file. */
const running: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const end of running.splice(0)) await end()
})

/** Starts a program in a folder of its own, and waits until it is ready. */
async function start(
  folder: Folder,
  command: string,
  args: readonly string[],
  isReady: () => boolean,
): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], ...user })
  const closed = once(child, 'close')
  running.push(async () => {
    child.kill('SIGKILL')
    await closed
    folder.remove()
  })
  await until(() => isReady() || child.exitCode !== null, `${command} is ready`)
}

function folderOfUser(): Folder {
  const folder = createFolder('database')
  if ('uid' in user) chownSync(folder.path, NOBODY, NOBODY)
  return folder
}

/** Starts an empty PostgreSQL, and gives the path of its socket. */
async function startPostgres(): Promise<string> {
  const folder = folderOfUser()
  const bin = findPostgres() as string
  const data = join(folder.path, 'data')
  const made = spawnSync(join(bin, 'initdb'), ['-D', data, '-U', 'test', '-A', 'trust', '-N'], {
    encoding: 'utf8',
    ...user,
  })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const options = {
    unix_socket_directories: folder.path,
    listen_addresses: '',
    fsync: 'off',
    log_min_messages: 'FATAL',
  }
  const settings = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const state = join(data, 'postmaster.pid')
  const isReady = (): boolean => existsSync(state) && /^ready/m.test(readFileSync(state, 'utf8'))
  await start(folder, join(bin, 'postgres'), ['-D', data, ...settings], isReady)
  return join(folder.path, '.s.PGSQL.5432')
}

/** Starts an empty Redis, and gives the path of its socket. */
async function startRedis(): Promise<string> {
  const folder = folderOfUser()
  const socket = join(folder.path, 'redis.sock')
  const args = ['--port', '0', '--unixsocket', socket, '--dir', folder.path, '--save', '']
  await start(folder, 'redis-server', args, () => existsSync(socket))
  return socket
}

let postgresSocket: Promise<string> | undefined
let redisSocket: Promise<string> | undefined

export const postgres = (): Promise<string> => (postgresSocket ??= startPostgres())
export const redis = (): Promise<string> => (redisSocket ??= startRedis())
