// `node api.mjs [folder] [packages/name…]` writes the public API of every entry point as text, or of those of these packages, and
// replaces the contents of the folder.
// `npm run api` builds the packages first.
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { entryPoints, inRoot, readJson } from './repository.mjs'

const [, , reportFolder = inRoot('api'), ...only] = process.argv
rmSync(reportFolder, { recursive: true, force: true })
mkdirSync(reportFolder, { recursive: true })
/** API Extractor writes here first. */
const reportTempFolder = inRoot('node_modules/.cache/api')
/**
 * The settings of all entry points. A type that an exported type mentions is part of the API, whether or not the entry point
 * exports it. Messages are off: the build has shown those of the compiler, and this tool does not check comments.
 */
const shared = readJson(inRoot('tools/checks/api-extractor.json'))

const wanted = entryPoints().filter(({ folder }) => only.length === 0 || only.includes(folder))
const configs = wanted.map(({ name, folder, targets }) => {
  const projectFolder = inRoot(folder)
  const reportFileName = `${name.replace('@sock/', '').replaceAll('/', '.')}.api.md`
  const configObject = {
    ...shared,
    projectFolder,
    mainEntryPointFilePath: join(projectFolder, targets.types),
    compiler: { tsconfigFilePath: join(projectFolder, 'tsconfig.build.json'), skipLibCheck: true },
    apiReport: { ...shared.apiReport, reportFileName, reportFolder, reportTempFolder },
  }
  return ExtractorConfig.prepare({ configObject, packageJsonFullPath: join(projectFolder, 'package.json') })
})

/** Prints errors only: API Extractor would name each file that it writes. */
function messageCallback(message) {
  if (message.logLevel !== 'error') message.handled = true
}

// One program for all: parsing the declarations of Node takes longer than everything else.
const additionalEntryPoints = configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath)
const compilerState = CompilerState.create(configs[0], { additionalEntryPoints })
for (const config of configs) {
  const { succeeded } = Extractor.invoke(config, { compilerState, localBuild: true, messageCallback })
  if (!succeeded) throw new Error(`API Extractor cannot describe ${config.mainEntryPointFilePath}`)
}
