/* The program of the processes that task.ts starts: runs the function that it is sent, with what that needs. */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What the parent sends first. */
export interface Start {
  /** A function, as text. */
  readonly task: string
  readonly args: unknown[]
  /** URLs of modules: the function gets all that they export. */
  readonly modules: readonly string[]
  /** Whether servers and clients are to use the native engine. */
  readonly isNative: boolean
}

const inbox: unknown[] = []
let wake = (): void => {}

const context = {
  fs,
  net,
  become(uid: number) {
    process.setgroups?.([])
    process.setgid?.(uid)
    process.setuid?.(uid)
  },
  say: (said: unknown) => process.send?.({ said }),
  async hear() {
    while (inbox.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return inbox.shift()
  },
  async until(condition: () => boolean) {
    while (!condition()) await delay(2)
  },
}

// The one who started us is gone.
const orphaned = (): never => process.exit(1)

async function main({ task, args, modules, isNative }: Start): Promise<void> {
  process.on('message', ({ said }: { said: unknown }) => {
    inbox.push(said)
    wake()
  })
  // oxlint-disable-next-line no-eval -- it is a function of the test that started this process
  const run = (0, eval)(`(${task})`) as (...all: unknown[]) => Promise<unknown>
  const imported = (await Promise.all(modules.map((module) => import(module)))) as object[]
  const options = isNative ? await nativeOptions(modules[0] as string) : {}
  const outcome = await run(Object.assign({ options }, context, ...imported), ...args).then(
    (result) => ({ result }),
    ({ code, message, stack }: NodeJS.ErrnoException) => ({ failed: { code, message, stack } }),
  )
  process.off('disconnect', orphaned)
  // From here on nothing keeps the process but what the task has left.
  process.send?.(outcome, () => process.disconnect())
}

/** @param user URL of a module that can import the engine */
async function nativeOptions(user: string): Promise<{ engine: unknown }> {
  const { engine } = (await import(createRequire(user).resolve('@sock/native'))) as { engine: unknown }
  return { engine }
}

process.on('disconnect', orphaned)
process.once('message', (start: Start) => void main(start))
