import { taskRunner, type RunTask, type TaskContext } from '@sock/test-support/task'
import type * as unix from '../../src/index.js'

export type { Child } from '@sock/test-support/task'
type Context = TaskContext & Pick<typeof unix, 'createUnixServer' | 'connectUnix'>

/** Runs a task in another process, which is ended after the test. */
export const startChild: RunTask<Context> = taskRunner([new URL('../../dist/index.js', import.meta.url).href])
