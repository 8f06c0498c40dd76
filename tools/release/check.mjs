import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { command, numberUpTo, parse } from '@sock/tools/options'
import { run } from '@sock/tools/processes'
import { CHECKED } from '../../packages/native/compile.mjs'
import { lint } from './lint.mjs'
import { fetchNode, NODES } from '../checks/nodes.mjs'
import { build } from '../checks/turbo.mjs'
import { Failure, inRoot } from './repository.mjs'
import { buildSanitized, HALTING, sanitizedEnv } from './sanitized.mjs'
import { buildTarget } from './targets.mjs'

/*
 * `npm run native:check`: checks that take too long for tests. Each throws a Failure when it finds an error.
 */
const CHECKS = {
  lint: [checkLint, 'the C code with all warnings, the analyzer of gcc, and clang-tidy'],
  fuzz: [checkFuzz, 'random bytes for what the addon parses, with sanitizers'],
  batch: [
    checkBatch,
    'random use of the addon, also wrong use, with the same sanitizers; see --minutes and --seed',
  ],
  asan: [checkAsan, 'the conformance suites with AddressSanitizer and UBSan, then the tests of the package'],
  model: [checkModel, 'random sequences of the model with the same sanitizers; see --minutes and --seed'],
  arm64: [checkArm64, 'the conformance suites with the binary for arm64, under qemu-user'],
}
const TRANSPORTS = ['tcp', 'unix', 'udp', 'unixgram']
const REDIRECT = inRoot('tools/release/programs/redirect.cjs')
const cached = (name) => inRoot('.cache/binaries', name)

/** @returns the exit code */
export async function check(args) {
  const line = command('npm run native:check --', 'Examines the native engine.')
  for (const [name, [, description]] of Object.entries(CHECKS)) line.option(`--${name}`, description)
  line
    .option('--minutes <number>', 'how long the model and --batch play', numberUpTo(10_000), 10)
    .option('--seed <number>', 'where they begin')
  const options = parse(line, args)
  if (typeof options === 'number') return options
  const chosen = Object.keys(CHECKS).filter((name) => options[name])
  if (chosen.length === 0) return parse(line, ['--help'])
  for (const name of chosen) await CHECKS[name][0](options)
  return 0
}

/** Runs the conformance suites of each transport over one binary, and shows the cases. */
async function conform(binary, [program, ...first], env) {
  for (const transport of TRANSPORTS) {
    const how = ['--require', REDIRECT, '--test-reporter=spec', '--test-force-exit']
    const suite = [inRoot('tools/release/programs/conformance.mjs'), transport]
    await examine(`the suites of ${transport}`, program, [...first, ...how, ...suite], {
      env: { ...process.env, ENGINE: 'native', SOCK_NATIVE_BINARY: binary, ...env },
    })
  }
}

/** Runs a program and shows what it prints. @throws Failure if it fails, or a sanitizer has found an error or a leak */
async function examine(what, program, args, options) {
  const { code, output } = await run(program, args, { ...options, show: true })
  if (code !== 0) throw new Failure(`The native engine does not pass ${what}: see above.`)
  if (/ERROR: AddressSanitizer|runtime error:/.test(output))
    throw new Failure(`A sanitizer has found an error in ${what}: see above.`)
  const leaks = output.split(/^(?=(?:Direct|Indirect) leak of)/m).slice(1)
  if (leaks.some((leak) => /^ +#1 .* c\/\w+\.c:\d+/m.test(leak)))
    throw new Failure(`The addon loses memory in ${what}: see above.`)
}

/** Feeds the same random input each time; with clang, also the input of libFuzzer. */
async function checkFuzz() {
  await examine('random input', process.execPath, [inRoot('packages/native/test/fuzz/run.mjs'), '2000000'])
}

function checkLint() {
  const { skipped, found } = lint()
  for (const reason of skipped) console.log(reason)
  if (found.length > 0) throw new Failure(`The C code has faults.\n${found.join('\n')}`)
}

/** Builds the addon of tests with sanitizers. @returns it, and the environment that Node needs */
function sanitized() {
  const binary = cached('asan.node')
  buildSanitized(binary, [CHECKED])
  return { binary, env: { ...sanitizedEnv(), SOCK_NATIVE_BINARY: binary } }
}

async function checkAsan() {
  const { binary, env } = sanitized()
  // Node does not free everything when it ends. The report shows which leaks are the addon's.
  const leaks = { ASAN_OPTIONS: 'detect_leaks=1:leak_check_at_exit=1:exitcode=0:halt_on_error=0' }
  await conform(binary, [process.execPath], { ...env, ...leaks })
  // The other tests of the package, with workers and child processes. Leaks are not checked: Jest keeps its memory.
  const jest = ['--experimental-vm-modules', inRoot('node_modules/jest/bin/jest.js')]
  const how = ['--runInBand', '--coverage=false', '--testPathIgnorePatterns', 'conformance']
  await examine('its tests', process.execPath, [...jest, ...how], {
    cwd: inRoot('packages/native'),
    env: {
      ...env,
      ASAN_OPTIONS: 'detect_leaks=0:exitcode=0:halt_on_error=0',
      NODE_OPTIONS: `--require ${REDIRECT}`,
    },
  })
}

/** Plays the fuzzer, with the addon of tests and the published one in turn: the first ends before a fault has consequences. */
async function checkBatch({ minutes, seed }) {
  await build('@sock/native')
  const binaries = [cached('asan.node'), cached('asan-published.node')]
  for (const [index, flags] of [[CHECKED], []].entries()) buildSanitized(binaries[index], flags)
  const args = binaries.flatMap((binary) => ['--binary', binary]).concat('--minutes', `${minutes}`)
  if (seed !== undefined) args.push('--seed', seed)
  await examine(
    'random use',
    process.execPath,
    [inRoot('packages/native/test/fuzz/batch/run.mjs'), ...args],
    {
      env: { ...sanitizedEnv(), ...HALTING },
    },
  )
}

/** Plays the model. An error that a sanitizer finds ends the process, and so fails the sequence. The native engine has no TLS. */
async function checkModel({ minutes, seed }) {
  await build('@sock/stress')
  const grounds = ['crowd', ...TRANSPORTS].flatMap((name) => ['--transport', `${name}-native`])
  const args = ['--minutes', `${minutes}`, '--go-on', ...(seed === undefined ? [] : ['--seed', seed])]
  const program = inRoot('tools/stress/dist/model/main.js')
  await examine('the model', process.execPath, [program, ...grounds, ...args], {
    env: {
      ...sanitized().env,
      ...HALTING,
      // Also for the processes that play.
      NODE_OPTIONS: `--require ${REDIRECT}`,
    },
  })
}

/** qemu-user does not support SO_MEMINFO, so it never reports that the system has dropped datagrams. */
const LOSSES = 'maxQueuedBytes bounds|flood in one tick|flood of empty|2,000 writes'

async function checkArm64() {
  if (spawnSync('qemu-aarch64', ['--version']).status !== 0)
    throw new Failure("There is no qemu-aarch64. Install Debian's package qemu-user.")
  buildTarget('linux-arm64-gnu', cached('arm64.node'))
  const node = join(await fetchNode(NODES[20], 'arm64'), 'bin/node')
  const emulated = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', node]
  await conform(cached('arm64.node'), emulated, { EXCEPT: LOSSES })
}
