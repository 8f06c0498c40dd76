import { typescript } from '../../jest.base.js'

export default {
  ...(await typescript(import.meta.dirname)),
  testMatch: ['<rootDir>/test/**/*.test.{ts,mjs}'],
  // Only for what hangs: a test makes 15,000 connections, or plays on until a machine with much to do has had its rounds.
  testTimeout: 1_800_000,
}
