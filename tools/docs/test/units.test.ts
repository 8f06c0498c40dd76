import { describe, expect, it } from '@jest/globals'
import { parseDocument, readDocuments } from '../src/markdown.js'
import { canVerifyUnits, unitProblems } from '../src/units.js'

const withSystemd = canVerifyUnits ? it : it.skip
if (!canVerifyUnits) console.warn('systemd-analyze is not installed: units of systemd are not checked')

describe('units of systemd in the documentation', () => {
  withSystemd('are what systemd takes', () => {
    expect(readDocuments().flatMap(unitProblems)).toEqual([])
  })
})

describe('unitProblems()', () => {
  withSystemd('unitProblems() finds settings that systemd does not know', () => {
    const unit = '[Service]\nExecStart=/usr/bin/env true\nTimeoutStopSecs=30'
    const document = parseDocument('docs/x.md', `text\n\n\`\`\`ini unit\n${unit}\n\`\`\``)
    expect(unitProblems(document)).toEqual([expect.stringMatching(/^docs\/x\.md:3 .*TimeoutStopSecs/)])
  })
})
