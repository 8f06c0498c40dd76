import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A path that is given relative to the root of the repository, as an absolute one. */
export const inRoot = (...path) => join(ROOT, ...path)

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** A mistake that its message explains: it is printed without a stack. */
export class Failure extends Error {}

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
