import { describe, expect, it } from '@jest/globals'
import { datagramClientChecks, datagramServerChecks } from '@sock/core/datagram'
import { streamClientChecks, streamServerChecks } from '@sock/core/stream'
import { literalsOf, propertiesOf } from '../src/api.js'
import { readDocuments } from '../src/markdown.js'

const documents = readDocuments()

/** The rows of the tables under headings of a document. */
function tablesOf(page: string, ...headings: string[]): (readonly string[])[] {
  const sections = documents.find(({ path }) => path === page)?.sections ?? []
  return sections.filter(({ heading }) => headings.includes(heading)).flatMap((section) => section.rows)
}

/** The code in a cell. */
const codeIn = (cell = ''): string[] => cell.match(/(?<=`)[^`]+(?=`(?:,|$| ))/g) ?? []

/** The same rows, by the code in their first cell. */
function rows(page: string, ...headings: string[]): Map<string, readonly string[]> {
  return new Map(tablesOf(page, ...headings).map((row) => [codeIn(row[0])[0] ?? '', row]))
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
  ['tcp', 'Tcp', stream, ['tcp and unix', 'tcp']],
  ['udp', 'Udp', datagram, ['udp and unixgram', 'udp']],
  ['unix', 'Unix', stream, ['tcp and unix']],
  ['unixgram', 'Unixgram', datagram, ['udp and unixgram']],
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

describe('docs/options.md', () => {
  it.each(TRANSPORTS)(
    'lists every option of %s with its default and its owner, and no other',
    (name, prefix, checks, headings) => {
      const ofServer = propertiesOf(`@sock/${name}`, `${prefix}ServerOptions`)
      const ofClient = propertiesOf(`@sock/${name}`, `${prefix}ClientOptions`)
      const has = (options: typeof ofServer, key: string): boolean => options.some((one) => one.name === key)
      const listed = rows('docs/options.md', 'All transports', ...headings)
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
})

describe('package READMEs', () => {
  it('native lists every option of createEngine(), and no other', () => {
    const known = propertiesOf('@sock/native', 'NativeEngineOptions').map((property) => property.name)
    expect([...rows('packages/native/README.md', 'Engine options').keys()].toSorted()).toEqual(
      known.toSorted(),
    )
  })

  it('framing lists every option of each function, with a default that its comment names, and no other', () => {
    const known = Object.entries(FRAMING).flatMap(([name, type]) =>
      propertiesOf('@sock/framing', type).map((option) => ({ key: `${name} ${option.name}`, ...option })),
    )
    const listed = tablesOf('packages/framing/README.md', 'Options').flatMap(([option, value = '', names]) =>
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
})

describe('targets', () => {
  it.each([
    ['packages/udp/README.md', '@sock/udp', 'UdpTarget'],
    ['docs/socket-files.md', '@sock/core', 'UnixTarget'],
    ['docs/socket-files.md', '@sock/unixgram', 'UnixTarget'],
  ])('%s lists the parts of a target of %s, with their defaults, and no other', (page, module, type) => {
    const listed = rows(page, 'Targets')
    const keys = [...listed.values()].flatMap(([cell]) => codeIn(cell))
    const known = propertiesOf(module, type)
    expect(keys.toSorted()).toEqual(known.map((property) => property.name).toSorted())
    for (const { name: key, documentation } of known) {
      const value = defaultIn(documentation)
      if (value !== undefined) expect([key, listed.get(key)?.[1]]).toEqual([key, `\`${value}\``])
    }
  })
})
