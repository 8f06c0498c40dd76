import { Child, type Task as AnyTask, type TaskContext } from '@sock/tools/testing/task'
import type * as unix from '../../src/index.js'

export type { Child }
export type Context = TaskContext & Pick<typeof unix, 'createUnixServer' | 'connectUnix'>
export type Task<Args extends unknown[], Result> = AnyTask<Context, Args, Result>

const modules = [new URL('../../dist/index.js', import.meta.url).href]

export function startChild<Args extends unknown[], Result>(
  task: Task<Args, Result>,
  ...args: Args
): Child<Result> {
  return new Child<Result>({ task: task.toString(), args, modules, isNative: false })
}
