import { describe, expect, it } from '@jest/globals'
import { registerSuite, type Suite } from '../src/index.js'

describe('registerSuite', () => {
  it('registerSuite() hands everything over, nested as it is, and runs nothing', () => {
    const heard: string[] = []
    const run = () => Promise.reject(new Error('not now'))
    const suite: Suite = {
      name: 'outer',
      cases: [{ name: 'first', run }],
      suites: [{ name: 'inner', cases: [{ name: 'second', run }], suites: [] }],
    }
    registerSuite(suite, {
      describe(name, body) {
        heard.push(`${name} {`)
        body()
        heard.push('}')
      },
      it: (name, given) => heard.push(`${name} ${given === run}`),
    })
    expect(heard).toEqual(['outer {', 'first true', 'inner {', 'second true', '}', '}'])
  })
})
