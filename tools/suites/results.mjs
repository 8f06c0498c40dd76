/** Counts the tests of a run by name: several may have the same. */
export function countPasses(text) {
  const passes = new Map()
  let failed = 0
  for (const line of text.split('\n').filter(Boolean)) {
    const { passed, name } = JSON.parse(line)
    if (!passed) failed += 1
    passes.set(name, (passes.get(name) ?? 0) + (passed ? 1 : 0))
  }
  const passed = [...passes.values()].reduce((sum, count) => sum + count, 0)
  return { passes, passed, failed }
}

/** Returns the names of tests that pass less often over our sockets than with raw Node, without those that are known. */
export function findLost(raw, ours, known = {}) {
  return [...raw.passes]
    .filter(([name, count]) => (ours.passes.get(name) ?? 0) < count && !Object.hasOwn(known, name))
    .map(([name]) => name)
}
