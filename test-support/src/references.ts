import { expect, it } from '@jest/globals'
import { withFolder } from '@sock/tools/folder'
import type { ModuleOptions, RunModule } from './task.js'

/** Ends when nothing that is referenced is open. Reports what kept the process alive when it alone was referenced. */
const PROGRAM = `
  const kept = []
  const names = Object.keys(open)
  process.on('exit', () => done(kept))
  process.on('beforeExit', () => {
    const name = names.shift()
    if (name === undefined) return
    open[name].ref()
    // It fires only if something else keeps the process alive.
    setTimeout(() => {
      kept.push(name)
      open[name].unref()
    }, 10).unref()
  })`

/**
 * Tests `ref()` of each server and connection that a program opens.
 * @param open the text of a module that defines `open`, an object of unreferenced ones. Its first argument is a free path
 */
export function itKeepsAlive(
  run: RunModule,
  open: string,
  names: readonly string[],
  options?: ModuleOptions,
): void {
  it(`ref() alone keeps the process alive, of each of these: ${names.join(', ')}`, async () => {
    const kept = await withFolder('references', (folder) => run(open + PROGRAM, [folder.next()], options))
    expect(kept).toEqual(names)
  })
}
