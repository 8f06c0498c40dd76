import { afterAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { librarySources, madeErrors } from '../src/error-sources.js'
import { errorEntries } from '../src/errors-page.js'
import { root } from '../src/markdown.js'
import { literalsOf } from '../src/type-check.js'

const entries = errorEntries(readFileSync(join(root, 'docs/errors.md'), 'utf8'))
const made = madeErrors(librarySources())
const listed = (code: string, message: string): boolean =>
  entries.some((entry) => entry.code === code && entry.messages.includes(message))

describe('docs/errors.md', () => {
  it('lists every code of SockErrorCode, and what else is thrown', () => {
    const codes = literalsOf('@sock/core', 'SockErrorCode').toSorted()
    expect(entries.map(({ code }) => code)).toEqual([...codes, 'TypeError', 'RangeError', 'Error'])
  })

  it('lists every message in the sources', () => {
    const missing = made.flatMap(({ codes, messages, where }) =>
      messages
        .filter((message) => !codes.some((code) => listed(code, message)))
        .map((message) => `${where} ${codes.join(' or ')}: ${message}`),
    )
    expect(missing).toEqual([])
  })

  it('lists no message that is not in the sources', () => {
    const stale = entries.flatMap(({ code, messages }) =>
      messages
        .filter(
          (message) => !made.some((error) => error.codes.includes(code) && error.messages.includes(message)),
        )
        .map((message) => `${code}: ${message}`),
    )
    expect(stale).toEqual([])
  })

  it('says of each when it comes, and what to do', () => {
    for (const { code, text } of entries)
      expect([code, text]).toEqual([code, expect.stringMatching(/^- When: .+\n- What to do: .+$/m)])
  })

  it('lists messages in order, each once', () => {
    for (const { messages } of entries) expect(messages).toEqual([...new Set(messages)].toSorted())
  })
})

describe('madeErrors()', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sock-errors-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  function errorsIn(code: string): [codes: readonly string[], messages: readonly string[]][] {
    const path = join(folder, 'source.ts')
    writeFileSync(
      path,
      `class SockError extends Error { constructor(code: string, text: string) { super(text) } }\n${code}`,
    )
    return madeErrors([path]).map(({ codes, messages }) => [codes, messages])
  }

  it('madeErrors() finds literals, templates and choices', () => {
    expect(errorsIn("new TypeError('a' + 'b')")).toEqual([[['TypeError'], ['ab']]])
    expect(errorsIn('declare const x: number\nnew SockError("ERR_SOCK_A", `a ${x} b`)')).toEqual([
      [['ERR_SOCK_A'], ['a … b']],
    ])
    expect(errorsIn('declare const is: boolean\nnew SockError(is ? "A" : "B", is ? "a" : "b")')).toEqual([
      [
        ['A', 'B'],
        ['a', 'b'],
      ],
    ])
  })

  it('madeErrors() follows constants, and parameters to every call', () => {
    const helper =
      'const fail = (code: string, why: string) => { const text = `Cannot: ${why}`; throw new SockError(code, text) }'
    expect(errorsIn(`${helper}\nfail('A', 'no reason')\nfail('B', 'another')`)).toEqual([
      [
        ['A', 'B'],
        ['Cannot: no reason', 'Cannot: another'],
      ],
    ])
  })

  it('madeErrors() follows a call through an interface', () => {
    const code = `
      interface Ending { end(why: string): void }
      class Member { end(why: string): void { throw new SockError('A', why) } }
      export const all = (ending: Ending) => ending.end('too much')
      new Member()`
    expect(errorsIn(code)).toEqual([[['A'], ['too much']]])
  })

  it('madeErrors() finds the words for what the system says', () => {
    const table = `type Words = object\nconst CONNECT_X: Words = { EX: ['it is gone', 'Come again'] }`
    expect(errorsIn(table)).toEqual([[['Error'], ['Cannot connect to "…": it is gone (EX). Come again']]])
  })

  it('madeErrors() writes … for what it cannot know', () => {
    expect(errorsIn('export const fail = (why: string) => new SockError("A", why)')).toEqual([[['A'], ['…']]])
  })
})
