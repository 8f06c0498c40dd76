import { execFileSync } from 'node:child_process'
import { compile as compileHere } from '../../packages/native/compile.mjs'
import { Failure } from './repository.mjs'

const SANITIZERS = [
  '-g',
  '-O1',
  '-fno-omit-frame-pointer',
  '-fsanitize=address,undefined',
  // They do not see what glibc's own checks call.
  '-U_FORTIFY_SOURCE',
]

/**
 * Compiles a binary with AddressSanitizer and UndefinedBehaviorSanitizer.
 *
 * @param flags further flags @param compile the `compile` of another copy of the package
 */
export function buildSanitized(file, flags, compile = compileHere) {
  if (!compile('gcc', [...SANITIZERS, ...flags], file)) throw new Failure('Cannot compile the addon with gcc')
}

/** The environment that Node needs to load such a binary. */
export const sanitizedEnv = () => ({
  ...process.env,
  // Node is not linked with the sanitizer's library, so preload it.
  LD_PRELOAD: execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim(),
  LSAN_OPTIONS: 'report_objects=0:print_suppressions=0:exitcode=0',
  UBSAN_OPTIONS: 'print_stacktrace=1',
})

/** Options with which an error ends the process. Node does not free everything when it ends, so leaks are no errors. */
export const HALTING = {
  ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
}
