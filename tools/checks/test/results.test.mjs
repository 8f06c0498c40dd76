import { describe, expect, it } from '@jest/globals'
import { workspaces } from '../bootstrap/workspace.mjs'
import { countJest, line, parseLine, readResults, total } from '../results.mjs'
import { NODES, selectNodes } from '../nodes.mjs'
import { dependsOnNode, ONCE } from '../once.mjs'
import { select } from '../select.mjs'

const report = {
  numPassedTests: 3,
  numFailedTests: 0,
  numRuntimeErrorTestSuites: 0,
  numPendingTests: 0,
  numTodoTests: 0,
}

describe('countJest()', () => {
  it('countJest() takes the counts of the runner', () => {
    expect(countJest({ ...report, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 })).toMatchObject({
      passed: 3,
      failed: 2,
      skipped: 2,
    })
  })

  it('countJest() counts a test file that could not be loaded as failed', () => {
    expect(countJest({ ...report, numRuntimeErrorTestSuites: 1 })).toMatchObject({ failed: 1 })
  })
})

describe('readResults()', () => {
  it('readResults() counts a package without results as failed', () => {
    const test = { folder: 'packages/no-such-package', task: 'test' }
    expect(readResults(test)).toMatchObject({ name: test.folder, passed: 0, failed: 1 })
  })
})

describe('line()', () => {
  it('line() is what CI looks for', () => {
    expect(line({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
    expect(line({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
  })
})

describe('total()', () => {
  it('total() sums, and is nothing for nothing', () => {
    const one = { passed: 1, failed: 2, skipped: 3 }
    expect(total([one, one])).toEqual({ passed: 2, failed: 4, skipped: 6 })
    expect(total([])).toEqual({ passed: 0, failed: 0, skipped: 0 })
  })
})

describe('select()', () => {
  const packages = ['packages/tcp', 'packages/unix'].map((folder) => ({
    folder,
    manifest: { name: folder.replace('packages', '@sock') },
  }))

  it('select() takes everything without a filter', () => {
    expect(select(packages, [])).toEqual(packages)
  })

  it('select() knows a package by name, short name and folder', () => {
    for (const filter of ['tcp', '@sock/tcp', 'packages/tcp', './packages/tcp/'])
      expect(select(packages, [filter])).toEqual([packages[0]])
  })

  it('select() throws for a filter that names none', () => {
    expect(() => select(packages, ['tpc'])).toThrow(
      'Cannot find package "tpc": known are packages/tcp, packages/unix',
    )
  })
})

describe('dependsOnNode()', () => {
  it('dependsOnNode() is false for what is tested once, and that exists', () => {
    const once = workspaces().filter((workspace) => !dependsOnNode(workspace))
    expect(once.map(({ folder }) => folder)).toEqual(expect.arrayContaining(['tools/release']))
    expect(once).toHaveLength(ONCE.length)
    expect(dependsOnNode({ folder: 'packages/tcp' })).toBe(true)
  })
})

describe('parseLine()', () => {
  it('parseLine() reads what line() writes, from the last line only', () => {
    for (const result of [
      { passed: 3, failed: 0, skipped: 0 },
      { passed: 12, failed: 1, skipped: 4 },
    ]) {
      expect(parseLine(`9 passed, 9 failed\n\n${line(result)}\n`)).toEqual(result)
    }
  })

  it('parseLine() takes an output that was cut off for a failure', () => {
    expect(parseLine('3 passed, 0 failed\nSegmentation fault')).toEqual({ passed: 0, failed: 1, skipped: 0 })
    expect(parseLine('')).toMatchObject({ failed: 1 })
  })
})

describe('selectNodes()', () => {
  it('selectNodes() takes all, or those that are named, in order', () => {
    expect(selectNodes([])).toEqual(Object.keys(NODES))
    expect(selectNodes(['26,20', '20'])).toEqual(['20', '26'])
  })

  it('selectNodes() refuses what is not supported', () => {
    expect(() => selectNodes(['18'])).toThrow('Cannot test Node "18": known are 20, 22, 24, 26')
  })
})
