/* `npm run lint`: builds what changed, and looks at lint and types of everything, as `npm test` does. */
import { turbo } from './bootstrap/turbo.mjs'
import { lintIsKept } from './lint.mjs'

const { code, output } = await turbo(['build', '--output-logs=errors-only'], { show: false })
if (code !== 0) console.log(output)
process.exitCode = code === 0 && (await lintIsKept(['.'], console.log)) ? 0 : 1
