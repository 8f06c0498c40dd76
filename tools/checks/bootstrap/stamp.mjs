import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { inRoot } from './workspace.mjs'

/**
 * A note in node_modules that says what a step was last done for, so that it is not done twice. It goes when
 * node_modules goes, and is dropped before the step starts, so that an interrupted one is done again.
 */
export function stamp(name) {
  const path = inRoot('node_modules', `.sock-${name}`)
  return {
    says: (text) => existsSync(path) && readFileSync(path, 'utf8') === text,
    write: (text) => writeFileSync(path, text),
    drop: () => rmSync(path, { force: true }),
  }
}
