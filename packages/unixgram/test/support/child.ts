import { taskRunner, type RunTask, type TaskContext } from '@sock/test-support/task'
import type * as unixgram from '../../src/index.js'
import type { UnixgramEngine } from '../../src/index.js'
import type * as native from '../../src/lib/unix-dgram.js'

export type { Child } from '@sock/test-support/task'
type Context = TaskContext<UnixgramEngine> &
  Pick<typeof unixgram, 'createUnixgramServer' | 'connectUnixgram'> &
  Pick<typeof native, 'UnixDgramSocket'>

const modules = ['index.js', 'lib/unix-dgram.js'].map(
  (name) => new URL(`../../dist/${name}`, import.meta.url).href,
)

/** Runs tasks in other processes, which are ended after the test. */
export function startsChildren(engine: UnixgramEngine | undefined): RunTask<Context> {
  return taskRunner(modules, engine)
}
