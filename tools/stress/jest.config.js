import { typescript } from '../../jest.base.js'

export default {
  ...(await typescript(import.meta.dirname)),
  testMatch: ['<rootDir>/test/**/*.test.{ts,mjs}'],
  // Ends only a test that hangs: some make 15,000 connections, or go on until they have had enough rounds.
  testTimeout: 1_800_000,
}
