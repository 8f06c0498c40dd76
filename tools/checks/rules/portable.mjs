/** Folders that are a person's or a machine's own. Written so that this file does not match itself. */
const machinePath = /(?<![\w.~-])\/(?:work|root|home)\/[^\s'"`)]*/g

/** A registry's host, or a setting that names one: which registry is used is the user's configuration. */
const registry =
  /\bregistry\.[\w-]+\.(?:org|com|net|io|dev)\b|^\s*(?:[@\w-]+:)?registry\s*[=:]\s*["']?https?:.*|^\s*tarball:.*/gm

/** Nothing in the repository may hold only on the machine where it was written. */
export function portable(path, text) {
  return [
    ...matches(text, machinePath).map((found) => `absolute path of one machine: ${found}`),
    ...matches(text, registry).map((found) => `registry host: ${found}`),
  ]
}

const matches = (text, pattern) => [...text.matchAll(pattern)].map(([found]) => found.trim())
