import { execFileSync } from 'node:child_process'
import { buildProgram } from '../../checks/bootstrap/build.mjs'
import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'
import { CHECKED, compile } from '../../../packages/native/compile.mjs'
import { conform } from './conformance.mjs'

const COMPILER = 'gcc'
/** Of the model: the native engine knows no TLS. */
const MODELS = ['crowd-native', 'tcp-native', 'unix-native', 'udp-native', 'unixgram-native']
const REDIRECT = inRoot('tools/release/binaries/programs/redirect.cjs')
const FLAGS = [CHECKED, '-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined']

/** Random sequences of the model, with a binary that the same watch: what they find ends the process, and so the sequence. */
export async function checkModel({ minutes = '10', seed }) {
  await buildProgram('@sock/stress')
  const { env, binary } = withSanitizers()
  const transports = MODELS.flatMap((name) => ['--transport', name])
  const chosen = ['--minutes', minutes, '--go-on', ...(seed === undefined ? [] : ['--seed', seed])]
  const { code } = await run(
    process.execPath,
    [inRoot('tools/stress/dist/model/main.js'), ...transports, ...chosen],
    {
      env: {
        ...process.env,
        ...env,
        ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1',
        UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
        // Of the processes that play, too.
        NODE_OPTIONS: `--require ${REDIRECT}`,
        SOCK_NATIVE_BINARY: binary,
      },
      show: true,
    },
  )
  if (code !== 0) throw new Failure('The model has found something: see above.')
}

/** The suite with a binary that AddressSanitizer and UndefinedBehaviorSanitizer watch. */
export async function checkAsan(chosen) {
  const { env, binary } = withSanitizers()
  await conform(binary, [process.execPath], { ...chosen, env, examine: whatSanitizersFound })
  await testPackage({ ...env, SOCK_NATIVE_BINARY: binary })
}

function withSanitizers() {
  const binary = compileTo('asan', FLAGS)
  const library = execFileSync(COMPILER, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
  const env = {
    // Node was not linked with it.
    LD_PRELOAD: library,
    // Node itself does not free everything at its end. What only the addon has lost is looked for in the report.
    ASAN_OPTIONS: 'detect_leaks=1:leak_check_at_exit=1:exitcode=0:halt_on_error=0',
    LSAN_OPTIONS: 'report_objects=0:print_suppressions=0:exitcode=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
  return { binary, env }
}

/** The other tests of the package, with its workers and child processes. Jest ends without what it has asked for: no leaks. */
async function testPackage(env) {
  const { ASAN_OPTIONS, ...rest } = env
  const args = ['--runInBand', '--coverage=false', '--testPathIgnorePatterns', 'conformance']
  const { code, output } = await run(
    process.execPath,
    ['--experimental-vm-modules', inRoot('node_modules/jest/bin/jest.js'), ...args],
    {
      cwd: inRoot('packages/native'),
      env: {
        ...process.env,
        ...rest,
        ASAN_OPTIONS: `${ASAN_OPTIONS}:detect_leaks=0`,
        NODE_OPTIONS: `--require ${REDIRECT}`,
      },
    },
  )
  if (code !== 0 || whatSanitizersFound(output) !== undefined)
    throw new Failure('The tests of @sock/native do not pass with sanitizers: see above.', output)
  console.log(`its tests ${/^Tests: +(.+)$/m.exec(output)[1]}`)
}

/** An error anywhere, or memory that the addon has asked for and nobody knows any more. */
function whatSanitizersFound(output) {
  if (/ERROR: AddressSanitizer|runtime error:/.test(output)) return 'a sanitizer has found an error'
  const leaks = output.split(/^(?=(?:Direct|Indirect) leak of)/m).slice(1)
  const isOurs = (leak) => /^ +#1 .* c\/\w+\.c:\d+/m.test(leak)
  return leaks.some(isOurs) ? 'memory of the addon is lost' : undefined
}

/** The suite under valgrind, which also sees what was never written. Without a JIT, whose code it would have to follow. */
export async function checkValgrind(chosen) {
  if ((await run('valgrind', ['--version'])).code !== 0)
    throw new Failure(
      "Cannot look for errors of memory: there is no valgrind, which Debian's package valgrind brings",
    )
  const binary = compileTo('valgrind', [CHECKED, '-O1'])
  const options = ['--error-limit=no', '--num-callers=8', '--leak-check=no', '--trace-children=no']
  const node = ['valgrind', ...options, process.execPath, '--jitless', '--single-threaded-gc']
  await conform(binary, node, { ...chosen, isSlow: true, examine: whatValgrindFound })
}

/** Node has errors of its own there, in what V8 does with its stack. Ours are those with a function of the addon among the innermost. */
function whatValgrindFound(output) {
  const reports = output.split(/^==\d+== *$/m)
  const isOurs = (report) =>
    /(?:uninitialised|Invalid|points to|overlap|Mismatched)/.test(report) && report.includes('valgrind.node')
  return reports.some(isOurs) ? 'valgrind has found an error' : undefined
}

function compileTo(name, flags) {
  const binary = inRoot(`.cache/binaries/${name}.node`)
  if (!compile(COMPILER, flags, binary)) throw new Failure(`Cannot compile the addon with ${COMPILER}`)
  return binary
}
