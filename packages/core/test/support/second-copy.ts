import { jest } from '@jest/globals'
import type * as core from '../../src/index.js'

/** The package once more, as a process has it in which two versions of it were installed. */
export async function loadSecondCopy(): Promise<typeof core> {
  jest.resetModules()
  return import('../../src/index.js')
}
