/** Collects, and passes on what has come together now and then. */
export interface Batch<T> {
  add(item: T): void
  flush(): void
}

/** @param every in ms, from the first item on */
export function createBatch<T>(every: number, pass: (items: readonly T[]) => void): Batch<T> {
  let items: T[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const full = items
    items = []
    if (full.length > 0) pass(full)
  }
  return {
    add(item) {
      items.push(item)
      timer ??= setTimeout(flush, every)
    },
    flush,
  }
}
