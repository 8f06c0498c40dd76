import { describe, expect, it } from '@jest/globals'
import { datagramClientChecks, datagramServerChecks } from '@sock/core/datagram'
import { streamClientChecks, streamServerChecks } from '@sock/core/stream'
import { literalsOf, propertiesOf } from '../src/api.js'
import { readDocuments } from '../src/markdown.js'

const documents = readDocuments()

/** The rows of the tables under a heading of a package's README. */
function tableOf(name: string, heading: string): (readonly string[])[] {
  const readme = documents.find(({ path }) => path === `packages/${name}/README.md`)
  const found = readme?.sections.filter((section) => section.heading === heading)
  return found?.flatMap((section) => section.rows) ?? []
}

/** The code in a cell. */
const codeIn = (cell = ''): string[] => cell.match(/(?<=`)[^`]+(?=`(?:,|$| ))/g) ?? []

/** The same rows, by the code in their first cell. */
function rows(name: string, heading: string): Map<string, readonly string[]> {
  return new Map(tableOf(name, heading).map((row) => [codeIn(row[0])[0] ?? '', row]))
}

describe('error codes', () => {
  const codes = literalsOf('@sock/core', 'SockErrorCode').toSorted()

  it('each have a heading in docs/errors.md, and no other code has', () => {
    const sections = documents.find(({ path }) => path === 'docs/errors.md')?.sections ?? []
    const found = sections.flatMap(({ heading }) => heading.match(/ERR_SOCK_[A-Z_]+/g) ?? [])
    expect(found.toSorted()).toEqual(codes)
  })

  it('that any document names exist', () => {
    const unknown = documents.flatMap(({ path, text }) =>
      (text.match(/ERR_SOCK_[A-Z_]*[A-Z]/g) ?? [])
        .filter((code) => !codes.includes(code))
        .map((code) => `${path} ${code}`),
    )
    expect(unknown).toEqual([])
  })
})

type Checks = Record<string, (value: unknown, key: string) => unknown>
const stream: Checks = { ...streamServerChecks, ...streamClientChecks }
const datagram: Checks = { ...datagramServerChecks, ...datagramClientChecks }
const TRANSPORTS = [
  ['tcp', 'Tcp', stream],
  ['udp', 'Udp', datagram],
  ['unix', 'Unix', stream],
  ['unixgram', 'Unixgram', datagram],
] as const

/** The default that the comment of an option names. */
const defaultIn = (documentation: string): string | undefined =>
  /Default:? (0o\d+|\d+|true|false|`\w+`)/.exec(documentation)?.[1]?.replaceAll('`', '')

/** The functions of `@sock/framing` that take options, and the types of their options. */
const FRAMING = {
  lines: 'DelimitedOptions',
  delimited: 'DelimitedOptions',
  lengthPrefixed: 'LengthPrefixedOptions',
  netstrings: 'FrameLimit',
  octetCounted: 'FrameLimit',
  json: 'JsonOptions',
  framed: 'FrameOptions',
  frames: 'FrameOptions',
  reader: 'ReaderOptions',
}

describe('package READMEs', () => {
  it.each(TRANSPORTS)(
    '%s lists every option with its default and its owner, and no other',
    (name, prefix, checks) => {
      const ofServer = propertiesOf(`@sock/${name}`, `${prefix}ServerOptions`)
      const ofClient = propertiesOf(`@sock/${name}`, `${prefix}ClientOptions`)
      const has = (options: typeof ofServer, key: string): boolean => options.some((one) => one.name === key)
      const listed = rows(name, 'Options')
      const expected = new Map(
        [...ofServer, ...ofClient].map(({ name: key, documentation }) => {
          // An option that core does not check has its default in its comment.
          const value = key in checks ? checks[key]?.(undefined, key) : defaultIn(documentation)
          const isPlain = typeof value === 'number' || typeof value === 'string'
          const owner = !has(ofClient, key) ? 'server' : has(ofServer, key) ? 'both' : 'client'
          return [key, [isPlain ? `\`${value}\`` : listed.get(key)?.[1], owner]]
        }),
      )
      const found = new Map([...listed].map(([key, row]) => [key, row.slice(1, 3)]))
      expect(found).toEqual(expected)
    },
  )

  it('native lists every option of createEngine(), and no other', () => {
    const known = propertiesOf('@sock/native', 'NativeEngineOptions').map((property) => property.name)
    expect([...rows('native', 'Engine options').keys()].toSorted()).toEqual(known.toSorted())
  })

  it('framing lists every option of each function, with a default that its comment names, and no other', () => {
    const known = Object.entries(FRAMING).flatMap(([name, type]) =>
      propertiesOf('@sock/framing', type).map((option) => ({ key: `${name} ${option.name}`, ...option })),
    )
    const listed = tableOf('framing', 'Options').flatMap(([option, value = '', names]) =>
      codeIn(names).map((name) => ({
        key: `${name} ${codeIn(option)[0]}`,
        value: value.replaceAll('`', ''),
      })),
    )
    expect(listed.map(({ key }) => key).toSorted()).toEqual(known.map(({ key }) => key).toSorted())
    for (const { key, value } of listed) {
      const comment = known.find((option) => option.key === key)?.documentation ?? ''
      const shown = Number.isNaN(Number(value)) ? value : Number(value).toLocaleString('en-US')
      expect([key, comment]).toEqual([key, expect.stringMatching(`Default:.*${shown}`)])
    }
  })

  it.each([
    ['udp', '@sock/udp', 'UdpTarget'],
    ['unix', '@sock/core', 'UnixTarget'],
    ['unixgram', '@sock/unixgram', 'UnixTarget'],
  ])('%s lists the parts of a target, with their defaults, and no other', (name, module, type) => {
    const listed = rows(name, 'Targets')
    const keys = [...listed.values()].flatMap(([cell]) => codeIn(cell))
    const known = propertiesOf(module, type)
    expect(keys.toSorted()).toEqual(known.map((property) => property.name).toSorted())
    for (const { name: key, documentation } of known) {
      const value = defaultIn(documentation)
      if (value !== undefined) expect([key, listed.get(key)?.[1]]).toEqual([key, `\`${value}\``])
    }
  })
})
