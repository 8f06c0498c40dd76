import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { inRoot, readJson, root } from '../../checks/bootstrap/workspace.mjs'
import { libraries } from './pack.mjs'

/** Bytes of a built file that do something: without comments, and as it is otherwise. */
export function codeSize(path) {
  const compilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    removeComments: true,
  }
  return Buffer.byteLength(ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions }).outputText)
}

/** The doors of the published packages: `{ '@sock/core/stream': 'packages/core/dist/stream.js', … }`. */
export function doors() {
  const found = libraries().flatMap(({ folder, manifest: { name } }) =>
    Object.entries(readJson(inRoot(folder, 'package.json')).exports)
      .filter(([, targets]) => targets.default !== undefined)
      .map(([door, targets]) => [join(name, door), join(folder, targets.default)]),
  )
  return Object.fromEntries(found)
}

/** All files of the published packages that importing this one loads, itself included. */
export function loadedBy(path, known = doors(), found = new Set()) {
  if (found.has(path)) return found
  found.add(path)
  for (const { fileName } of ts.preProcessFile(readFileSync(inRoot(path), 'utf8')).importedFiles) {
    const next = fileName.startsWith('.') ? relative(root, inRoot(dirname(path), fileName)) : known[fileName]
    if (next !== undefined) loadedBy(next, known, found)
  }
  return found
}
