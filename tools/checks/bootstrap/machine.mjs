import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs that tests talk to, or are built with, if they are there, and that are skipped if not. */
const counterparts = [
  'aarch64-linux-gnu-gcc',
  'cc',
  'chromium',
  'curl',
  'dig',
  'ip',
  'logger',
  'nc',
  'openssl',
  'python3',
  'redis-benchmark',
  'redis-cli',
  'socat',
  'ss',
  'strace',
  'systemd-analyze',
  'unshare',
]

/**
 * Everything outside the repository that a test's outcome may depend on, in one line. It is part of what turbo looks
 * cached results up by: a test that was skipped without socat must run when socat has come.
 */
export function machine() {
  const found = counterparts.filter(isInstalled)
  return [process.version, process.platform, process.arch, `uid=${process.getuid?.()}`, ...found].join(' ')
}

function isInstalled(program) {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
