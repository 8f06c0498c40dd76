import { readFileSync } from 'node:fs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'

/** The blocks of CONTRIBUTING.md that begin a clone, each as its lines. */
export function linesToContribute() {
  const blocks = readFileSync(inRoot('CONTRIBUTING.md'), 'utf8').matchAll(/^```sh alone\n([^]*?)^```$/gm)
  return [...blocks].map(([, code]) => code.trimEnd().split('\n'))
}
