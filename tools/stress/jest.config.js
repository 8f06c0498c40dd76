import { typescript } from '../../jest.base.js'

export default {
  ...(await typescript(import.meta.dirname)),
  testMatch: ['<rootDir>/test/**/*.test.{ts,mjs}'],
  // Memory of servers is measured by one test at a time, which makes 15,000 connections.
  testTimeout: 600_000,
}
