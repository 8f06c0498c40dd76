import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from './programs.mjs'

/** The tests of a suite cannot run here. The message says why. */
export class Unavailable extends Error {}

/**
 * Makes a folder with the sources of a suite and what they need. Takes the sources from the repository of the package, or
 * from `<given>/<name>`. A folder that is complete is used again.
 *
 * @throws Unavailable
 */
export async function prepareSuite(suite, cache, given) {
  const place = join(cache, `${suite.name}-${suite.version}`)
  const isReady = join(place, '.ready')
  if (existsSync(isReady)) return place
  const sources = given === undefined ? await clone(suite, cache) : join(given, suite.name)
  const folder = join(sources, suite.folder ?? '.')
  if (!existsSync(join(folder, 'package.json'))) throw new Unavailable(`there is no ${folder}`)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (manifest.version !== suite.version)
    throw new Unavailable(`the sources have version ${manifest.version} instead of ${suite.version}`)
  rmSync(place, { recursive: true, force: true })
  cpSync(folder, place, { recursive: true, filter: (path) => !/[/](node_modules|[.]git)$/.test(path) })
  manifest.devDependencies = { ...manifest.devDependencies, ...suite.also }
  writeFileSync(join(place, 'package.json'), JSON.stringify(manifest, undefined, 2))
  // Install scripts compile native parts that the tests do without.
  await succeed('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], place)
  if (suite.prepare !== undefined) await succeed(process.execPath, suite.prepare, place)
  writeFileSync(isReady, '')
  return place
}

/** Fetches the sources of this version, and no history. */
async function clone({ name, version, tag }, cache) {
  const place = join(cache, 'sources', name)
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place, { recursive: true })
  const told = await succeed('npm', ['view', `${name}@${version}`, 'repository.url'], cache)
  const url = told.trim().replace(/^git[+]/, '')
  await succeed('git', ['clone', '--quiet', '--depth', '1', '--branch', tag, url, place], cache)
  return place
}

async function succeed(command, args, cwd) {
  const { code, output } = await runProgram(command, args, {
    cwd,
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
  })
  if (code === 0) return output
  const last = output.trim().split('\n').at(-1)
  throw new Unavailable(`"${command} ${args.slice(0, 2).join(' ')}" failed: ${last}`)
}
