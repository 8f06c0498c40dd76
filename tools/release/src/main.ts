/*
 * Releases of the packages:
 *
 *   version                  `npm run release:version`: change files become versions and changelogs
 *   publish [--provenance]   `npm run release`: what the registry does not have yet is published
 *   rehearse                 `npm run release:rehearse`: both, and all installations, without the outside
 */
import { parseArgs } from 'node:util'
import { rehearse } from './rehearsal.js'
import { publish, version } from './release.js'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { provenance: { type: 'boolean', default: false } },
})

const [command, ...rest] = positionals
if (command === 'version' && rest.length === 0) process.exitCode = await version()
else if (command === 'publish' && rest.length === 0) process.exitCode = await publish(options.provenance)
else if (command === 'rehearse' && rest.length === 0) process.exitCode = await rehearse()
else {
  console.error(`Cannot release "${positionals.join(' ')}": known are version, publish, rehearse`)
  process.exitCode = 1
}
