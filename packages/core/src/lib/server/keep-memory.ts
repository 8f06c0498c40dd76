/** The size of the block in bytes. glibc ignores blocks above 32 MiB, its own header and rounding included. */
const BLOCK = 32 * 1024 * 1024 - 8192

let isDone = false

/**
 * Makes glibc keep freed memory for the next reads, once per thread. Node allocates memory for each read, and the garbage
 * collector frees it in heaps. By default glibc returns more than 128 KiB at the end of its heap to the system, and asks
 * for it again at once: that costs a page fault for each 4 KiB read. Once a large block has been freed, glibc keeps up to
 * twice its size (mallopt(3), M_MMAP_THRESHOLD). The block is never touched, so it takes no memory.
 *
 * With `MALLOC_TRIM_THRESHOLD_` in the environment glibc uses that value whatever is freed. Other C libraries have no such
 * rule.
 */
export function keepFreedMemory(): void {
  if (isDone || process.platform !== 'linux') return
  isDone = true
  try {
    void new ArrayBuffer(BLOCK)
  } catch {
    // There is no memory for it, for instance under `ulimit -v`: then glibc had better return freed memory.
  }
}
