import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entryPoints } from './entry-points.mjs'

const none = { default: { logLevel: 'none' } }

/**
 * Writes the report of every entry point into a folder. The packages must have been built.
 *
 * @throws Error for an entry point that cannot be described
 */
export function writeReports(folder) {
  mkdirSync(folder, { recursive: true })
  const scratch = mkdtempSync(join(tmpdir(), 'sock-api-'))
  try {
    const points = entryPoints().map((point) => ({ ...point, config: configFor(point, folder, scratch) }))
    const additionalEntryPoints = points.map(({ declarations }) => declarations)
    // One program for all: parsing the declarations of Node takes longer than everything else.
    const compilerState = CompilerState.create(points[0].config, { additionalEntryPoints })
    for (const { report, config } of points) {
      const { succeeded } = Extractor.invoke(config, {
        compilerState,
        localBuild: true,
        messageCallback: silence,
      })
      if (!succeeded) throw new Error(`Cannot write ${report}: API Extractor failed`)
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function configFor({ folder, declarations, report }, reportFolder, reportTempFolder) {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: declarations,
      newlineKind: 'lf',
      compiler: { tsconfigFilePath: join(folder, 'tsconfig.build.json'), skipLibCheck: true },
      apiReport: {
        enabled: true,
        reportFileName: report,
        reportFolder,
        reportTempFolder,
        // A type that an exported one mentions is part of the API, whether or not this entry point exports it.
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      // The report is what is wanted, not an opinion about comments; the compiler's is heard when the packages are built.
      messages: {
        compilerMessageReporting: none,
        extractorMessageReporting: none,
        tsdocMessageReporting: none,
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
  })
}

/** It would tell of each file that it writes. What goes wrong is still said. */
function silence(message) {
  if (message.logLevel !== 'error') message.handled = true
}
