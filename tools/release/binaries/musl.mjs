import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'

/** What Debian calls the processors. */
const ARCHITECTURES = { x64: ['amd64', 'x86_64'], arm64: ['arm64', 'aarch64'] }

/** Where the headers of musl would be that a caller with such a processor wants, whether or not they are there. */
const candidates = (cpu) => {
  const path = `usr/include/${ARCHITECTURES[cpu][1]}-linux-musl`
  return [join('/', path), join(unpacked(cpu), path)]
}

const unpacked = (cpu) => inRoot('.cache/binaries', `musl-${cpu}`)

export const hasMuslHeaders = (cpu) => candidates(cpu).some((path) => existsSync(path))

/** The headers of musl: those that are installed, or those of Debian's package, which is fetched once into `.cache`. */
export async function muslHeaders(cpu) {
  if (!hasMuslHeaders(cpu)) await fetchMusl(cpu)
  return candidates(cpu).find((path) => existsSync(path))
}

/**
 * Debian cannot install its compiler for another processor together with musl for that one. So the package is only
 * downloaded, with lists of packages that are apt's and signed, but kept apart from those of the system.
 */
async function fetchMusl(cpu) {
  const [architecture] = ARCHITECTURES[cpu]
  const folder = `${unpacked(cpu)}.${process.pid}`
  for (const part of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, part), { recursive: true })
  const apart = [
    `APT::Architectures::=${architecture}`,
    `Dir::State::Lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
  const steps = [
    ['apt-get', [...apart, '-qq', 'update']],
    ['apt-get', [...apart, '-qq', 'download', `musl-dev:${architecture}`]],
    ['sh', ['-c', 'dpkg-deb -x musl-dev_*.deb .']],
  ]
  try {
    for (const [command, args] of steps) {
      const { code, output } = await run(command, args, { cwd: folder })
      if (code !== 0) throw new Failure(`Cannot fetch Debian's package musl-dev for ${architecture}`, output)
    }
    for (const name of readdirSync(folder))
      if (name !== 'usr') rmSync(join(folder, name), { recursive: true })
    renameSync(folder, unpacked(cpu))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
