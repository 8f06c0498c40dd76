import { afterEach } from '@jest/globals'
import { createHook } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'

/** The ids of created and of destroyed resources, by type. */
export function watch() {
  const made = new Map<string, number[]>()
  const gone = new Set<number>()
  const hook = createHook({
    init: (id, type) => void made.set(type, [...(made.get(type) ?? []), id]),
    destroy: (id) => void gone.add(id),
  }).enable()
  hooks.push(hook)
  const idsOf = (type: string): number[] => made.get(type) ?? []
  /** Resolves when all of a type are gone. */
  const whenGone = async (type: string): Promise<void> => {
    while (!idsOf(type).every((id) => gone.has(id))) await turn()
  }
  return { idsOf, whenGone }
}

const hooks: { disable(): unknown }[] = []
afterEach(() => {
  for (const hook of hooks.splice(0)) hook.disable()
})
