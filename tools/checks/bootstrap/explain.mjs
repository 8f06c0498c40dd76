/**
 * What a user can do about a failed installation, by what it printed: another program's text is all there is to go by.
 * The first that matches wins, so the more special ones come first.
 */
const causes = [
  [
    /OUTDATED_LOCKFILE/,
    (pnpm) =>
      `A package.json changed but pnpm-lock.yaml did not: run \`npx -y ${pnpm} install\` and commit the lock file.`,
  ],
  [
    /gyp ERR!|node-gyp|not found: make/,
    () =>
      'A native module could not be compiled: it needs Python 3, make and a C++ compiler ' +
      '(Debian: `apt-get install python3 make g++`; macOS: `xcode-select --install`).',
  ],
  [/ENOSPC/, () => 'The disk is full.'],
  [/EACCES|EPERM|EROFS/, () => 'A file or folder could not be written: do its permissions allow it?'],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|error sending request|META_FETCH_FAIL/,
    () =>
      'The package registry could not be reached: is there a network, and do `npm config get registry` and `npm config get proxy` fit it?',
  ],
  [/spawn npx|npx: not found/, () => 'npx was not found: it comes with npm, which comes with Node.'],
]

/** @returns a sentence, always. */
export function explain(output, packageManager) {
  const known = causes.find(([pattern]) => pattern.test(output))
  return `Could not install the dependencies. ${known ? known[1](packageManager) : 'What went wrong is said above.'}`
}
