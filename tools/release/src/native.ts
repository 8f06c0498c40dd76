import assert from 'node:assert/strict'
import type { Claims } from './claims.js'
import type { Manager, Project } from './managers.js'

/** The transport that stands on a native module, which is compiled by an install script. */
export const NATIVE = '@sock/unixgram'

/** What its README says to type where install scripts do not run by themselves, by package manager. */
export function linesOf(readme: string): Map<string, string> {
  const rows = readme.matchAll(/^\| ([^|`]+?) +\| `([^`]+)` +\|$/gm)
  return new Map([...rows].map(([, manager = '', line = '']) => [manager, line]))
}

/** Without its native module it says what is missing; with the line of its README, it has it. */
export async function checkNative(
  manager: Manager,
  project: Project,
  readme: string,
  claims: Claims,
): Promise<void> {
  if (manager.buildsAtOnce) return
  const line = linesOf(readme).get(manager.name)
  await claims.check(
    `${manager.name}: without unix-dgram built, ${NATIVE} imports, and tells at first use how to build it`,
    async () => {
      const [imported, told = ''] = (await project.program('unbuilt.mjs')).split('\n')
      assert.equal(imported, 'imported')
      assert.match(told, /^ERR_SOCK_NATIVE_UNAVAILABLE /)
      const tool = manager.name.split(' ')[0] ?? ''
      assert.ok(told.includes(tool), `${told} does not speak of ${tool}`)
    },
  )
  await claims.check(`${manager.name}: the line of its README builds it: ${line}`, async () => {
    assert.ok(line !== undefined, 'there is none')
    await project.type(line)
  })
}
