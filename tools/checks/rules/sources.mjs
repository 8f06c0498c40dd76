/** The source without its comments. Good enough for import and export statements, which hold no `//` in strings. */
export const withoutComments = (text) => text.replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')

/** Every module that a source names: static, type-only and dynamic imports, and re-exports. */
export function importsOf(text) {
  const statements = withoutComments(text).matchAll(/(?:\bfrom|\bimport\s*\(?)\s*['"]([^'"\n]+)['"]/g)
  return [...statements].map(([, module]) => module)
}
