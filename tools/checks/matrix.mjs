/*
 * `npm test` and the extended tests on each supported version of Node. The version that runs this is tested in place; every other one
 * in a copy of the working tree in a temporary folder, with its own node_modules: native modules belong to one version.
 * What is the same on every version (see once.mjs) is tested on the first only.
 * The last line is the sum, `N passed, N failed`; the exit code is 0 only if nothing at all went wrong.
 *
 *   --only <majors>    only these, like `26` or `20,26`; may be repeated
 *   --bare             first of all, what the README promises where nothing is prepared (`.ci/bare`)
 *   --soak <minutes>   where it is tested in place, also load all transports with faults for so long
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { run } from './bootstrap/child.mjs'
import { inRoot, root } from './bootstrap/workspace.mjs'
import { copyTree } from './copy-tree.mjs'
import { fetchNode, NODES, selectNodes } from './nodes.mjs'
import { line, parseLine, total } from './results.mjs'
import { checkMinutes } from './soak.mjs'

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    bare: { type: 'boolean', default: false },
    soak: { type: 'string' },
  },
})
checkMinutes(values.soak)
const soak = values.soak === undefined ? [] : ['--soak', values.soak]
const results = []
if (values.bare) await count('bare', () => run(inRoot('.ci/bare'), [], { cwd: root }))
let isFirst = true
for (const major of selectNodes(values.only)) {
  const repeated = isFirst ? [] : ['--repeated']
  isFirst = false
  if (process.versions.node.split('.')[0] === major) {
    await testIn(root, process.versions.node, process.env, {
      test: repeated,
      extended: [...repeated, ...soak],
    })
  } else {
    // Coverage is the same on every version: it is measured once, where the tests run again anyway.
    await testCopy(NODES[major], { test: [...repeated, '--coverage'], extended: repeated })
  }
}

console.log()
for (const { name, seconds, ...result } of results) {
  console.log(`${name.padEnd(24)}${line(result).padEnd(44)}${seconds} s`)
}
const sum = total(results)
console.log(line(sum))
process.exitCode = sum.failed ? 1 : 0

/** Does what is to be done, and takes the sum from its last line. What it has printed is shown if something went wrong. */
async function count(name, perform) {
  const started = performance.now()
  console.log(`— ${name}`)
  const { code, output } = await perform()
  const result = parseLine(output)
  const isGood = code === 0 && result.failed === 0
  if (!isGood) console.log(output)
  else for (const reason of output.match(/^skip {2}the bare environment: .+$/gm) ?? []) console.log(reason)
  const seconds = Math.round((performance.now() - started) / 1_000)
  results.push({ name, ...result, failed: isGood ? 0 : Math.max(result.failed, 1), seconds })
}

/** `npm test`, and then the extended tests. `args` are those of each. */
async function testIn(folder, version, env, args) {
  const entry = (command) => {
    const program = join(folder, 'tools/checks/entry.cjs')
    // Tells tests that the versions of Node may be fetched.
    return run('node', [program, command, ...args[command]], {
      cwd: folder,
      env: { ...env, SOCK_MATRIX: '1' },
    })
  }
  await count(`Node ${version}, npm test`, () => entry('test'))
  await count(`Node ${version}, extended`, () => entry('extended'))
}

async function testCopy(version, args) {
  const home = await fetchNode(version)
  const folder = mkdtempSync(join(tmpdir(), `sock-node-${version}-`))
  // Tests become other users, who must be able to load what lies there.
  chmodSync(folder, 0o755)
  try {
    await copyTree(folder)
    const env = {
      ...process.env,
      PATH: join(home, 'bin') + delimiter + process.env['PATH'],
      // Where node-gyp finds the headers: nothing has to be downloaded for them.
      npm_config_nodedir: home,
    }
    await testIn(folder, version, env, args)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
