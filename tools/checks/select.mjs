import { Failure } from './bootstrap/failure.mjs'

/**
 * The packages that the filters name, by folder, name or last part of either; all of them without a filter.
 * Throws for a filter that names none: a typing error must not pass for success.
 */
export function select(packages, filters) {
  const isNamed = ({ folder, manifest }, filter) =>
    [folder, manifest.name, folder.split('/').at(-1)].includes(filter.replace(/^\.\/|\/$/g, ''))

  for (const filter of filters) {
    if (packages.some((it) => isNamed(it, filter))) continue
    throw new Failure(
      `Cannot find package "${filter}": known are ${packages.map(({ folder }) => folder).join(', ')}`,
    )
  }
  return filters.length ? packages.filter((it) => filters.some((filter) => isNamed(it, filter))) : packages
}
