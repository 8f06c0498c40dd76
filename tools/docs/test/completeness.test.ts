import { describe, expect, it } from '@jest/globals'
import { datagramClientChecks, datagramServerChecks } from '@sock/core/datagram'
import { streamClientChecks, streamServerChecks } from '@sock/core/stream'
import { readdirSync } from 'node:fs'
import { readDocuments, root, type Document } from '../src/markdown.js'
import { literalsOf, propertiesOf, type Property } from '../src/type-check.js'

const documents = readDocuments()

function readme(name: string): Document {
  const found = documents.find(({ path }) => path === `packages/${name}/README.md`)
  if (found === undefined) throw new Error(`there is no README of ${name}`)
  return found
}

/** The rows of the tables under a heading, by the code in their first cell. */
function rows({ tables }: Document, heading: string): Map<string, readonly string[]> {
  const found = tables.filter((table) => table.heading === heading).flatMap((table) => table.rows)
  return new Map(found.map((row) => [/`([^`]+)`/.exec(row[0] ?? '')?.[1] ?? '', row]))
}

describe('package READMEs', () => {
  it.each(['core', 'native', 'tcp', 'udp', 'unix', 'unixgram'])('%s has at most 120 lines', (name) => {
    expect(readme(name).lines).toBeLessThanOrEqual(120)
  })

  it('core lists every code of SockErrorCode, and no other', () => {
    const listed = [...rows(readme('core'), 'Errors').keys()]
    expect(listed.toSorted()).toEqual(literalsOf('@sock/core', 'SockErrorCode').toSorted())
  })

  it('native lists every option of createEngine(), and no other', () => {
    const listed = [...rows(readme('native'), 'Options of its own').keys()]
    const known = propertiesOf('@sock/native', 'NativeEngineOptions').map((property) => property.name)
    expect(listed.toSorted()).toEqual(known.toSorted())
  })

  const types = {
    tcp: ['@sock/tcp', 'TcpServerOptions', 'TcpClientOptions'],
    udp: ['@sock/udp', 'UdpServerOptions', 'UdpClientOptions'],
    unix: ['@sock/unix', 'UnixServerOptions', 'UnixClientOptions'],
    unixgram: ['@sock/unixgram', 'UnixgramServerOptions', 'UnixgramClientOptions'],
  } as const
  const transports = Object.keys(types) as (keyof typeof types)[]

  const optionsOf = (name: keyof typeof types): Property[] => {
    const [module, server, client] = types[name]
    return [...propertiesOf(module, server), ...propertiesOf(module, client)]
  }

  it.each(transports)('%s lists every option, and no other', (name) => {
    const known = optionsOf(name).map((property) => property.name)
    expect([...rows(readme(name), 'Options').keys()].toSorted()).toEqual([...new Set(known)].toSorted())
  })

  it.each(transports)('%s says whose each option is', (name) => {
    const [module, server, client] = types[name]
    const ofServer = new Set(propertiesOf(module, server).map((property) => property.name))
    const ofClient = new Set(propertiesOf(module, client).map((property) => property.name))
    for (const [key, row] of rows(readme(name), 'Options')) {
      const whose = !ofClient.has(key) ? 'server' : ofServer.has(key) ? 'both' : 'client'
      expect([key, row[2]]).toEqual([key, whose])
    }
  })

  const checksOf = (name: keyof typeof types): Record<string, (value: unknown, key: string) => unknown> =>
    name === 'udp' || name === 'unixgram'
      ? { ...datagramServerChecks, ...datagramClientChecks }
      : { ...streamServerChecks, ...streamClientChecks }

  it.each(transports)('%s gives the defaults that the code has', (name) => {
    const listed = rows(readme(name), 'Options')
    const checks = checksOf(name)
    for (const { name: key, documentation } of optionsOf(name)) {
      // What core does not know of says it in the comment of the option.
      const value = key in checks ? checks[key]?.(undefined, key) : defaultIn(documentation)
      if (typeof value === 'number' || typeof value === 'string')
        expect([key, listed.get(key)?.[1]]).toEqual([key, `\`${value}\``])
    }
  })

  const targets = [
    ['udp', '@sock/udp', 'UdpTarget'],
    ['unix', '@sock/core', 'UnixTarget'],
    ['unixgram', '@sock/unixgram', 'UnixTarget'],
  ] as const

  it.each(targets)('%s lists the parts of a target, and no other', (name, module, type) => {
    const listed = rows(readme(name), 'Targets')
    const keys = [...listed.values()].flatMap(([cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string),
    )
    const known = propertiesOf(module, type)
    expect(keys.toSorted()).toEqual(known.map((property) => property.name).toSorted())
    for (const { name: key, documentation } of known) {
      const value = defaultIn(documentation)
      if (value !== undefined) expect([key, listed.get(key)?.[1]]).toEqual([key, `\`${value}\``])
    }
  })
})

describe('README of the examples', () => {
  it('lists every example, and no other', () => {
    const { links } = documents.find(({ path }) => path === 'examples/README.md') as Document
    const listed = links.filter((link) => link.startsWith('src/')).map((link) => link.slice('src/'.length))
    expect(listed.toSorted()).toEqual(readdirSync(`${root}examples/src`).toSorted())
  })
})

/** The default that the comment of an option tells. */
function defaultIn(documentation: string): string | undefined {
  return /Default:? (0o\d+|\d+|true|false|`\w+`)/.exec(documentation)?.[1]?.replaceAll('`', '')
}
