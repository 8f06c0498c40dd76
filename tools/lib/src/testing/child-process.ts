/* The program that task.ts starts in other processes: receives a function and its arguments, and runs it. */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import { serveParent } from '../parent.js'
import type { Start } from './task.js'
import { until } from './wait.js'

const inbox: unknown[] = []
let wake = (): void => {}

const functions = {
  async run({ task, args, modules, isNative }: Start) {
    // oxlint-disable-next-line no-eval -- it is a function of the test that started this process
    const run = (0, eval)(`(${task})`) as (...all: unknown[]) => Promise<unknown>
    const imported = (await Promise.all(modules.map((module) => import(module)))) as object[]
    const options = isNative ? await nativeOptions(modules[0] as string) : {}
    try {
      return { result: await run(Object.assign({ options }, context, ...imported), ...args) }
    } catch (error) {
      // An IPC channel would drop the error's `code`, so send the parts.
      const { code, message, stack } = error as NodeJS.ErrnoException
      return { failed: { code, message, stack } }
    } finally {
      // From here on, only resources that the task has left open keep the process alive.
      process.channel?.unref()
    }
  },
  tell(value: unknown) {
    inbox.push(value)
    wake()
  },
}
export type Functions = typeof functions
const parent = serveParent<{ tell(value: unknown): void }>(functions)

const context = {
  fs,
  net,
  until: (condition: () => boolean) => until(condition, 'what a task waits for'),
  become(uid: number) {
    process.setgroups?.([])
    process.setgid?.(uid)
    process.setuid?.(uid)
  },
  say: (value: unknown) => void parent.tell(value).catch(() => {}),
  async hear() {
    while (inbox.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return inbox.shift()
  },
}

/** @param user URL of a module that can import the engine */
async function nativeOptions(user: string): Promise<{ engine: unknown }> {
  const { engine } = (await import(createRequire(user).resolve('@sock/native'))) as { engine: unknown }
  return { engine }
}
