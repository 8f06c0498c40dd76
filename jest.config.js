if (
  !process.execArgv.includes('--experimental-vm-modules') &&
  !process.env['NODE_OPTIONS']?.includes('vm-modules')
)
  throw new Error(
    'Jest runs ES modules only with a flag. Type `cd packages/tcp && npm test`, or `NODE_OPTIONS=--experimental-vm-modules npx jest packages/tcp`, after `npm run build`.',
  )

/** For `npx jest packages/tcp` at the root; `npm test` runs each package by itself. */
export default { projects: ['<rootDir>/packages/*/jest.config.js', '<rootDir>/examples/jest.config.js'] }
