import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { command, listOf, numberUpTo, parse } from '@sock/tools/options'
import { run } from '@sock/tools/processes'
import { CHECKED, compile } from '../../packages/native/compile.mjs'
import { fetchNode, NODES } from '../checks/nodes.mjs'
import { build } from '../checks/turbo.mjs'
import { Failure, inRoot } from './repository.mjs'
import { buildTarget } from './targets.mjs'

/*
 * `npm run native:check`: checks that take too long for tests. Each throws a Failure when it finds an error.
 */
const CHECKS = {
  fuzz: [checkFuzz, 'random bytes for what the addon parses, with sanitizers'],
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
    .option('--transport <names>', 'only some of tcp, unix, udp, unixgram', listOf(TRANSPORTS), TRANSPORTS)
    .option('--part <words>', 'only cases whose name matches')
    .option('--minutes <number>', 'how long the model plays', numberUpTo(10_000), 10)
    .option('--seed <number>', 'where the model begins')
  const options = parse(line, args)
  if (typeof options === 'number') return options
  const chosen = Object.keys(CHECKS).filter((name) => options[name])
  if (chosen.length === 0) return parse(line, ['--help'])
  for (const name of chosen) await CHECKS[name][0](options)
  return 0
}

/** Runs the conformance suites of each transport over one binary, and prints a line for each. */
async function conform(binary, [program, ...first], { transport: transports, part, except = '', env, find }) {
  const pattern = part === undefined ? [] : ['--test-name-pattern', part]
  const how = ['--require', REDIRECT, '--test-reporter=tap', '--test-force-exit', ...pattern]
  const problems = []
  for (const transport of transports) {
    const began = performance.now()
    const args = [...first, ...how, inRoot('tools/release/programs/conformance.mjs'), transport]
    const { code, output } = await run(program, args, {
      env: { ...process.env, ENGINE: 'native', EXCEPT: except, SOCK_NATIVE_BINARY: binary, ...env },
    })
    const counts = output.match(/^# (pass|fail|cancelled|skipped) \d+$/gm)?.join(', ') ?? `ended with ${code}`
    const isGood = /^# pass [1-9]/m.test(output) && code === 0
    const problem = find?.(output) ?? (isGood ? undefined : 'the suite does not pass')
    if (code !== 0 || problem !== undefined) console.log(output)
    console.log(`${transport.padEnd(10)}${counts}, ${Math.round((performance.now() - began) / 1_000)} s`)
    if (problem !== undefined) problems.push(`${transport}: ${problem}`)
  }
  if (problems.length > 0) throw new Failure(`The engine does not do what it should.\n${problems.join('\n')}`)
}

/** Feeds the same random input each time; with clang, also the input of libFuzzer. */
async function checkFuzz() {
  const program = inRoot('packages/native/test/fuzz/run.mjs')
  const { code } = await run(process.execPath, [program, '2000000'], { show: true })
  if (code !== 0) throw new Failure('The addon does not stand random input: see above.')
}

/** Builds a binary with AddressSanitizer and UndefinedBehaviorSanitizer. Returns it with the environment that Node needs to load it. */
function sanitized() {
  const flags = [CHECKED, '-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined']
  const binary = cached('asan.node')
  if (!compile('gcc', flags, binary)) throw new Failure('Cannot compile the addon with gcc')
  const library = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
  const env = {
    // Node is not linked with the sanitizer's library, so preload it.
    LD_PRELOAD: library,
    LSAN_OPTIONS: 'report_objects=0:print_suppressions=0:exitcode=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    SOCK_NATIVE_BINARY: binary,
  }
  return { binary, env }
}

async function checkAsan(options) {
  const { binary, env } = sanitized()
  // Node does not free everything when it ends. The report shows which leaks are the addon's.
  const leaks = { ASAN_OPTIONS: 'detect_leaks=1:leak_check_at_exit=1:exitcode=0:halt_on_error=0' }
  await conform(binary, [process.execPath], {
    ...options,
    env: { ...env, ...leaks },
    find: foundBySanitizers,
  })
  // The other tests of the package, with workers and child processes. Leaks are not checked: Jest keeps its memory.
  const jest = ['--runInBand', '--coverage=false', '--testPathIgnorePatterns', 'conformance']
  const { code, output } = await run(
    process.execPath,
    ['--experimental-vm-modules', inRoot('node_modules/jest/bin/jest.js'), ...jest],
    {
      cwd: inRoot('packages/native'),
      env: {
        ...process.env,
        ...env,
        ASAN_OPTIONS: 'detect_leaks=0:exitcode=0:halt_on_error=0',
        NODE_OPTIONS: `--require ${REDIRECT}`,
      },
    },
  )
  if (code !== 0 || foundBySanitizers(output) !== undefined)
    throw new Failure(`The tests of @sock/native do not pass with sanitizers:\n${output}`)
  console.log(`its tests ${/^Tests: +(.+)$/m.exec(output)[1]}`)
}

/** Finds an error, or memory that the addon has leaked. */
function foundBySanitizers(output) {
  if (/ERROR: AddressSanitizer|runtime error:/.test(output)) return 'a sanitizer has found an error'
  const leaks = output.split(/^(?=(?:# )?(?:Direct|Indirect) leak of)/m).slice(1)
  const isOurs = (leak) => /^(?:# )? +#1 .* c\/\w+\.c:\d+/m.test(leak)
  return leaks.some(isOurs) ? 'the addon loses memory' : undefined
}

/** Plays the model. An error that a sanitizer finds ends the process, and so fails the sequence. The native engine has no TLS. */
async function checkModel({ minutes, seed }) {
  await build('@sock/stress')
  const { env } = sanitized()
  const grounds = ['crowd', ...TRANSPORTS].flatMap((name) => ['--transport', `${name}-native`])
  const args = ['--minutes', `${minutes}`, '--go-on', ...(seed === undefined ? [] : ['--seed', seed])]
  const { code } = await run(
    process.execPath,
    [inRoot('tools/stress/dist/model/main.js'), ...grounds, ...args],
    {
      show: true,
      env: {
        ...process.env,
        ...env,
        ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1',
        UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
        // Also for the processes that play.
        NODE_OPTIONS: `--require ${REDIRECT}`,
      },
    },
  )
  if (code !== 0) throw new Failure('The model has found something: see above.')
}

/** qemu-user does not support SO_MEMINFO, so it never reports that the system has dropped datagrams. */
const LOSSES = 'maxQueuedBytes bounds|flood in one tick|flood of empty|2,000 writes'

async function checkArm64(options) {
  if (spawnSync('qemu-aarch64', ['--version']).status !== 0)
    throw new Failure("There is no qemu-aarch64. Install Debian's package qemu-user.")
  buildTarget('linux-arm64-gnu', cached('arm64.node'))
  const node = join(await fetchNode(NODES[20], 'arm64'), 'bin/node')
  const emulated = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', node]
  await conform(cached('arm64.node'), emulated, { ...options, except: LOSSES })
}
