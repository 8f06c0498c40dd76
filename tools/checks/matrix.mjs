import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { copyTree } from './copy-tree.mjs'
import { fetchNode, NODES, OLDEST } from './nodes.mjs'
import { Failure, run } from './processes.mjs'
import { inRoot, root } from './repository.mjs'
import { conclude, parseResult } from './results.mjs'

/**
 * Runs `npm test` and the extended tests on each supported version of Node. The version that runs this works in place. Each
 * other one gets a copy of the working tree with its own dependencies, because a native module fits one version only. Tests
 * with the same result on every version run on the first only. The last line is the sum, `N passed, N failed`.
 *
 *   --only <majors>    only these, like `26` or `20,26`
 *   --bare             first `.ci/bare`: the README's commands on a bare machine, in the five ways, in two runs
 *   --soak <minutes>   at the end the soak, which counts as one test
 */
export async function matrix(args) {
  const known = Object.keys(NODES)
  const only = { type: 'string', default: known.join() }
  const bare = { type: 'boolean', default: false }
  const { values: options } = parseArgs({ args, options: { only, bare, soak: { type: 'string' } } })
  const majors = options.only.split(',')
  for (const major of majors)
    if (!known.includes(major))
      throw new Failure(`Cannot test Node "${major}": known are ${known.join(', ')}`)

  // Tests use these versions, too. Fetched here, they come with the settings of this machine's npm, and without a time limit.
  for (const version of Object.values({ ...NODES, ...OLDEST }))
    if (version !== process.versions.node) await fetchNode(version)

  const results = []
  if (options.bare)
    results.push(await perform('bare', inRoot('.ci/bare'), ['user+path+umask', 'closed+uncompiled']))
  for (const major of majors) {
    const repeated = major === majors[0] ? [] : ['--repeated']
    const { node } = process.versions
    if (node.startsWith(`${major}.`))
      results.push(...(await testIn(root, node, process.env, repeated, repeated)))
    else results.push(...(await testCopy(NODES[major], repeated)))
  }
  if (options.soak) {
    const soak = ['run', '--silent', 'soak', '--', '--minutes', options.soak]
    results.push(await perform('soak', 'npm', soak, { cwd: root }, { passed: 1, failed: 0, skipped: 0 }))
  }
  conclude(results)
}

const FAILED = { passed: 0, failed: 1, skipped: 0 }

/**
 * Runs a program, and returns the result that it prints. Shows the output of a failure.
 *
 * @param uncounted the result of a program that ends with 0 and prints none
 */
async function perform(name, program, args, options, uncounted = FAILED) {
  const started = performance.now()
  console.log(`— ${name}`)
  const { code, output } = await run(program, args, options)
  const { lines = [], ...result } = parseResult(output) ?? (code === 0 ? uncounted : FAILED)
  const failed = code === 0 ? result.failed : Math.max(result.failed, 1)
  const reasons = output.match(/^skip {2}the bare environment: .+$/gm) ?? []
  for (const text of failed ? [output] : reasons) console.log(text)
  const seconds = Math.round((performance.now() - started) / 1_000)
  return { name: `${name}, ${seconds} s`, ...result, failed, lines: lines.map((it) => `${it} (${name})`) }
}

/** `npm test`, and then the extended tests. With SOCK_MATRIX, tests use the versions of Node that were fetched. */
async function testIn(folder, version, env, args, testArgs) {
  const entry = join(folder, 'tools/checks/entry.cjs')
  const options = { cwd: folder, env: { ...env, SOCK_MATRIX: '1' } }
  const quick = await perform(`Node ${version}, npm test`, 'node', [entry, 'test', ...testArgs], options)
  return [quick, await perform(`Node ${version}, extended`, 'node', [entry, 'extended', ...args], options)]
}

async function testCopy(version, args) {
  const home = await fetchNode(version)
  const folder = mkdtempSync(join(tmpdir(), `sock-node-${version}-`))
  // Some tests run as other users, who must be able to read the files.
  chmodSync(folder, 0o755)
  try {
    copyTree(folder)
    const PATH = join(home, 'bin') + delimiter + process.env['PATH']
    // node-gyp finds the headers here, so it downloads nothing.
    const env = { ...process.env, PATH, npm_config_nodedir: home }
    // Coverage is the same on every version. The copies measure it, so that the run in place stays fast.
    return await testIn(folder, version, env, args, [...args, '--coverage'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
