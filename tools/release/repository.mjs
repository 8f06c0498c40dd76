import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { inRoot, readJson, root as ROOT } from '../checks/repository.mjs'

export { Failure } from '../checks/processes.mjs'
export { inRoot, readJson, ROOT }

/** The published packages that are JavaScript, as `{ name, folder: 'packages/tcp', manifest }`. */
export const libraries = (root = ROOT) => publishedIn(root, 'packages')

/** The published packages with nothing but a binary of `@sock/native`, for one platform each. */
export const binaries = (root = ROOT) => publishedIn(root, 'packages/native/npm')

export const published = (root = ROOT) => [...libraries(root), ...binaries(root)]

/** The platform of a package with a binary, such as `linux-x64-gnu`. */
export const platformOf = ({ folder }) => basename(folder)

/** The platform of this machine. */
export function platformHere() {
  const { glibcVersionRuntime } = process.report.getReport().header
  return `${process.platform}-${process.arch}-${glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`
}

function publishedIn(root, parent) {
  return readdirSync(join(root, parent))
    .map((name) => join(parent, name))
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readJson(join(root, folder, 'package.json')) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest }))
}
