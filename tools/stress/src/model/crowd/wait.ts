import assert from 'node:assert/strict'
import { rest } from '../pace.js'
import { afterRealMs } from './clock.js'

/** Waits until this is so. @throws what is complained of, if it never is */
export async function until(isSo: () => boolean, patience: number, complaint: () => string): Promise<void> {
  let isLate = false
  const timer = afterRealMs(patience, () => (isLate = true))
  while (!isSo()) {
    assert.ok(!isLate, complaint())
    await rest('turn')
  }
  clearTimeout(timer)
}

/** Waits for that. @throws unless it settles */
export async function within(promise: Promise<unknown>, patience: number, what: string): Promise<void> {
  let isOver = false
  const over = (): void => void (isOver = true)
  void promise.then(over, over)
  await until(
    () => isOver,
    patience,
    () => `${what} does not come`,
  )
}
