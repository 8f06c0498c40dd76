// `node api.mjs [folder]` writes the public API of every entry point as text, in place of what is in the folder. `npm run
// api` builds the packages first.
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot, readJson, workspaces } from './repository.mjs'

const [, , reportFolder = inRoot('api')] = process.argv
rmSync(reportFolder, { recursive: true, force: true })
mkdirSync(reportFolder)
/** API Extractor writes here first. */
const reportTempFolder = inRoot('node_modules/.cache/api')
/**
 * What is the same for each entry point. A type that an exported one mentions is part of the API, whether or not this entry
 * point exports it. No messages: the compiler was heard when the packages were built, and comments are not for this tool.
 */
const shared = readJson(inRoot('tools/checks/api-extractor.json'))

/** Of every entry point that has types, of every published package. */
const configs = workspaces()
  .filter(({ folder, manifest }) => folder.startsWith('packages/') && !manifest.private)
  .flatMap(({ folder, manifest: { exports = {} } }) =>
    Object.entries(exports)
      .filter(([, { types }]) => types !== undefined)
      .map(([path, { types }]) =>
        configFor(inRoot(folder), types, `${folder.split('/').at(-1)}${path.slice(1)}`),
      ),
  )

function configFor(projectFolder, types, name) {
  const reportFileName = `${name.replaceAll('/', '.')}.api.md`
  const configObject = {
    ...shared,
    projectFolder,
    mainEntryPointFilePath: join(projectFolder, types),
    compiler: { tsconfigFilePath: join(projectFolder, 'tsconfig.build.json'), skipLibCheck: true },
    apiReport: { ...shared.apiReport, reportFileName, reportFolder, reportTempFolder },
  }
  return ExtractorConfig.prepare({ configObject, packageJsonFullPath: join(projectFolder, 'package.json') })
}

/** API Extractor would name each file that it writes. What goes wrong is still printed. */
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
