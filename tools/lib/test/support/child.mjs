import { serveParent } from '@sock/tools/children'

serveParent({
  doubled: (value) => value * 2,
  fail() {
    throw new RangeError('too much')
  },
  leave(code) {
    process.exit(code)
  },
})
