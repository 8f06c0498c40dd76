import { serveParent } from '@sock/tools/children'

const parent = serveParent({
  async doubled(value) {
    await parent.heard(value)
    return value * 2
  },
  fail() {
    throw new RangeError('too much')
  },
  leave(code) {
    process.exit(code)
  },
})
