/** Folders that are a person's or a machine's own. Written so that this file does not match itself. */
const machinePath = /(?<![\w.~-])\/(?:work|root|home)\/[^\s'"`)]*/g

/** A registry's host, or a setting that names one: which registry is used is the user's configuration. */
const registry = /\bregistry\.[\w-]+\.\w[\w.]*|^\s*(?:[@\w-]+:)?registry\s*[=:].*|^\s*tarball:.*/gm

/** Nothing in the repository may hold only on the machine where it was written. */
export function portable(path, text) {
  // A comment about this rule, or its tests, need not be avoided: they build such strings.
  return [
    ...matches(text, machinePath).map((found) => `absolute path of one machine: ${found}`),
    ...matches(text, registry).map((found) => `registry host: ${found}`),
  ]
}

const matches = (text, pattern) => [...text.matchAll(pattern)].map(([found]) => found.trim())
