import { describe, expect, it } from '@jest/globals'
import { clientChecks, serverChecks } from '@sock/core/stream'
import { readDocuments, type Document } from '../src/markdown.js'
import { literalsOf, propertiesOf } from '../src/type-check.js'

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
  it.each(['core', 'tcp', 'unix'])('%s has at most 120 lines', (name) => {
    expect(readme(name).lines).toBeLessThanOrEqual(120)
  })

  it('core lists every code of SockErrorCode, and no other', () => {
    const listed = [...rows(readme('core'), 'Errors').keys()]
    expect(listed.toSorted()).toEqual(literalsOf('@sock/core', 'SockErrorCode').toSorted())
  })

  const options = {
    tcp: [
      ['@sock/tcp', 'TcpServerOptions'],
      ['@sock/tcp', 'TcpClientOptions'],
    ],
    unix: [
      ['@sock/unix', 'UnixServerOptions'],
      ['@sock/unix', 'UnixClientOptions'],
    ],
  } as const

  it.each(['tcp', 'unix'] as const)('%s lists every option, and no other', (name) => {
    const known = options[name].flatMap(([module, type]) =>
      propertiesOf(module, type).map((property) => property.name),
    )
    expect([...rows(readme(name), 'Options').keys()].toSorted()).toEqual([...new Set(known)].toSorted())
  })

  it.each(['tcp', 'unix'] as const)('%s gives the defaults that the code has', (name) => {
    const listed = rows(readme(name), 'Options')
    const checks: Readonly<Record<string, (value: unknown, key: string) => unknown>> = {
      ...serverChecks,
      ...clientChecks,
    }
    for (const [key, row] of listed) {
      const value = checks[key]?.(undefined, key)
      if (typeof value === 'number') expect([key, row[1]]).toEqual([key, `\`${value}\``])
    }
    // What core does not know of says it in the comment of the option.
    for (const { name: key, documentation } of options[name].flatMap(([module, type]) =>
      propertiesOf(module, type),
    )) {
      const value = /Default (\d+|true|false|`\w+`)/.exec(documentation)?.[1]
      if (value !== undefined)
        expect([key, listed.get(key)?.[1]]).toEqual([key, `\`${value.replaceAll('`', '')}\``])
    }
  })
})
