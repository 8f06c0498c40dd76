import { basename } from 'node:path'
import { published } from '../checks/repository.mjs'

export { Failure } from '../checks/processes.mjs'
export { inRoot, published, readJson, root as ROOT } from '../checks/repository.mjs'

/** The published packages with nothing but a binary of `@sock/native`, for one platform each. */
export const binaries = (clone) => published(clone).filter(isBinary)

/** The published packages that are JavaScript, as `{ name, folder: 'packages/tcp', manifest }`. */
export const libraries = (clone) => published(clone).filter((it) => !isBinary(it))

const isBinary = ({ folder }) => folder.startsWith('packages/native/npm/')

/** The platform of a package with a binary, such as `linux-x64-gnu`. */
export const platformOf = ({ folder }) => basename(folder)

/** The platform of this machine. */
export function platformHere() {
  const { glibcVersionRuntime } = process.report.getReport().header
  return `${process.platform}-${process.arch}-${glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`
}
