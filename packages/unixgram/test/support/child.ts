import { Child, type Task as AnyTask, type TaskContext } from '@sock/tools/testing/task'
import type * as unixgram from '../../src/index.js'
import type { UnixgramEngine } from '../../src/index.js'
import type * as native from '../../src/lib/unix-dgram.js'

export type { Child }
export type Context = TaskContext<UnixgramEngine> &
  Pick<typeof unixgram, 'createUnixgramServer' | 'connectUnixgram'> &
  Pick<typeof native, 'UnixDgramSocket'>
export type Task<Args extends unknown[], Result> = AnyTask<Context, Args, Result>

const modules = ['index.js', 'lib/unix-dgram.js'].map(
  (name) => new URL(`../../dist/${name}`, import.meta.url).href,
)

export function startChild<Args extends unknown[], Result>(
  engine: UnixgramEngine | undefined,
  task: Task<Args, Result>,
  ...args: Args
): Child<Result> {
  return new Child<Result>({ task: task.toString(), args, modules, isNative: engine !== undefined })
}
