/* `npm run site`: builds the documentation site into `tools/docs/out`. The exit code is 1 if something is wrong with it. */
import { fileURLToPath } from 'node:url'
import { buildSite } from './site/site.js'

const out = fileURLToPath(new URL('../out', import.meta.url))
const problems = await buildSite(out)
for (const problem of problems) console.error(problem)
console.log(`The site is in ${out}: open index.html there`)
process.exitCode = problems.length === 0 ? 0 : 1
