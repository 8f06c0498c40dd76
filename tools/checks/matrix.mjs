import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { copyTree } from './copy-tree.mjs'
import { fetchNode, NODES } from './nodes.mjs'
import { Failure, run } from './processes.mjs'
import { inRoot, root } from './repository.mjs'
import { line, parseLine, total } from './results.mjs'

/**
 * `npm test` and the extended tests on each supported version of Node. The one that runs this tests in place, the others in
 * a copy of the working tree with dependencies of its own: native modules belong to one version. What is the same on every
 * version is tested on the first only. The last line adds everything up, `N passed, N failed`.
 *
 *   --only <majors>    only these, like `26` or `20,26`
 *   --bare             first of all `.ci/bare`: what the README promises where nothing is prepared
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

  const results = []
  if (options.bare) results.push(await perform('bare', inRoot('.ci/bare'), []))
  for (const major of majors) {
    const repeated = major === majors[0] ? [] : ['--repeated']
    if (process.versions.node.split('.')[0] === major)
      results.push(...(await testIn(root, process.versions.node, process.env, repeated, repeated)))
    // Coverage is the same on every version: it is measured where the tests run again anyway.
    else results.push(...(await testCopy(NODES[major], [...repeated, '--coverage'], repeated)))
  }
  const soak = [
    inRoot('tools/checks/entry.cjs'),
    'run',
    'tools/stress/dist/soak/main.js',
    '--minutes',
    options.soak,
  ]
  if (options.soak) results.push(await perform(`soak, ${options.soak} min`, 'node', soak))

  console.log()
  for (const { name, seconds, ...result } of results)
    console.log(`${name.padEnd(24)}${line(result).padEnd(44)}${seconds} s`)
  const sum = total(results)
  console.log(line(sum))
  process.exitCode = sum.failed ? 1 : 0
}

/** Runs a program, and takes the sum from its last line; one that ends otherwise is one test. Shows the output of a failure. */
async function perform(name, program, args, options = { cwd: root }) {
  const started = performance.now()
  console.log(`— ${name}`)
  const { code, output } = await run(program, args, options)
  const result = parseLine(output) ?? { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 }
  if (code !== 0) result.failed ||= 1
  const reasons = output.match(/^skip {2}the bare environment: .+$/gm) ?? []
  for (const text of result.failed ? [output] : reasons) console.log(text)
  return { name, ...result, seconds: Math.round((performance.now() - started) / 1_000) }
}

/** `npm test`, and then the extended tests. */
async function testIn(folder, version, env, testArgs, extendedArgs) {
  const entry = join(folder, 'tools/checks/entry.cjs')
  // SOCK_MATRIX lets tests fetch versions of Node.
  const options = { cwd: folder, env: { ...env, SOCK_MATRIX: '1' } }
  const quick = await perform(`Node ${version}, npm test`, 'node', [entry, 'test', ...testArgs], options)
  const long = await perform(
    `Node ${version}, extended`,
    'node',
    [entry, 'extended', ...extendedArgs],
    options,
  )
  return [quick, long]
}

async function testCopy(version, ...args) {
  const home = await fetchNode(version)
  const folder = mkdtempSync(join(tmpdir(), `sock-node-${version}-`))
  // Tests become other users, who must be able to load what lies there.
  chmodSync(folder, 0o755)
  try {
    copyTree(folder)
    // node-gyp finds the headers at home, and downloads nothing.
    const PATH = join(home, 'bin') + delimiter + process.env['PATH']
    return await testIn(folder, version, { ...process.env, PATH, npm_config_nodedir: home }, ...args)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
