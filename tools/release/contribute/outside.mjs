import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '../../checks/bootstrap/child.mjs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'

/** The files that a guide consists of, by path: blocks like ```json file package.json. */
function filesOf(guide) {
  const blocks = readFileSync(inRoot(guide), 'utf8').matchAll(/^```\w+ file (\S+)\n([^]*?)^```$/gm)
  return [...blocks].map(([, path, content]) => ({ path, content }))
}

/**
 * Makes the transport of the guide in an empty folder, with core and testing as they are packed and nothing else of the
 * repository: the files that the guide shows whole, and the sources that it shows in parts.
 */
export async function writeTransport(folder) {
  for (const { path, content } of filesOf('docs/writing-a-transport.md')) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  cpSync(inRoot('examples/memory/src'), join(folder, 'src'), { recursive: true })

  for (const name of ['core', 'testing']) {
    const installed = join(folder, 'node_modules/@sock', name)
    mkdirSync(installed, { recursive: true })
    const pack = ['pack', '--pack-destination', folder]
    await succeed(inRoot('node_modules/.bin/pnpm'), pack, inRoot('packages', name))
    await succeed(
      'sh',
      ['-c', `tar -xzf ./sock-${name}-*.tgz -C '${installed}' --strip-components 1`],
      folder,
    )
  }
  for (const tool of ['typescript', '@types'])
    symlinkSync(inRoot('node_modules', tool), join(folder, 'node_modules', tool))
}

/** @returns what it printed */
export async function succeed(command, args, cwd) {
  const { code, output } = await run(command, args, { cwd })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`)
  return output
}
