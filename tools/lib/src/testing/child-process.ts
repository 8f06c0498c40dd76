/* The program that task.ts starts in other processes: receives a function and its arguments, and runs it. */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** The first message of the parent. */
export interface Start {
  /** A function, as text. */
  readonly task: string
  readonly args: unknown[]
  /** URLs of modules whose exports the function gets. */
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

// The parent process has ended.
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
  // From here on, only resources that the task has left open keep the process alive.
  process.send?.(outcome, () => process.disconnect())
}

/** @param user URL of a module that can import the engine */
async function nativeOptions(user: string): Promise<{ engine: unknown }> {
  const { engine } = (await import(createRequire(user).resolve('@sock/native'))) as { engine: unknown }
  return { engine }
}

process.on('disconnect', orphaned)
process.once('message', (start: Start) => void main(start))
