import { rmSync } from 'node:fs'
import { reports } from './entry-points.mjs'
import { writeReports } from './write.mjs'

// To the folder that is given, or to the one in the repository, in which nothing else is.
const [, , folder] = process.argv
if (folder === undefined) rmSync(reports, { recursive: true, force: true })
writeReports(folder ?? reports)
