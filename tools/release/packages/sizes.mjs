import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'
import { codeSize, doors, loadedBy } from './loaded.mjs'
import { binaries, binaryOf, libraries, packPackages } from './pack.mjs'
import { copyAsReleased } from './release-copy.mjs'

/**
 * The most that each may be: the tarball of a package, and the code that is loaded through a door, with everything
 * behind it, without comments; in KB of 1,000 bytes. A seventh more than in November 2026; decisions/0021-packages.md says
 * why it is so much.
 */
const BOUNDS = {
  '@sock/core': { packed: 370, loaded: 11 },
  '@sock/core/transport': { loaded: 38 },
  '@sock/core/stream': { loaded: 120 },
  '@sock/core/datagram': { loaded: 87 },
  '@sock/framing': { packed: 35, loaded: 70 },
  '@sock/tcp': { packed: 37, loaded: 161 },
  '@sock/testing': { packed: 197, loaded: 249 },
  '@sock/udp': { packed: 39, loaded: 122 },
  '@sock/unix': { packed: 10, loaded: 145 },
  '@sock/unixgram': { packed: 42, loaded: 126 },
  '@sock/native': { packed: 130, loaded: 215 },
  '@sock/native-linux-arm64-gnu': { packed: 30 },
  '@sock/native-linux-arm64-musl': { packed: 30 },
  '@sock/native-linux-x64-gnu': { packed: 30 },
  '@sock/native-linux-x64-musl': { packed: 30 },
}

/** What {@link ofDoors} and {@link ofBinaries} say. The packages must have been built. */
async function measure() {
  const scratch = mkdtempSync(join(tmpdir(), 'sock-sizes-'))
  try {
    const copy = join(scratch, 'copy')
    await copyAsReleased(copy)
    const tarballs = await packPackages(join(scratch, 'tarballs'), copy)
    return [...ofDoors(copy, tarballs), ...ofBinaries(copy, tarballs)]
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/**
 * Per door, in KB: what is loaded through it. Per package also the tarball, what its `dist` and `src` are unpacked, and its
 * own code.
 */
function ofDoors(copy, tarballs) {
  const folders = Object.fromEntries(libraries().map(({ folder, manifest }) => [manifest.name, folder]))
  return Object.entries(doors()).map(([name, path]) => {
    const loaded = sum([...loadedBy(path)].map((file) => codeSize(inRoot(file))))
    if (tarballs[name] === undefined) return { name, loaded }
    const shipped = ['dist', 'src'].flatMap((part) => filesUnder(join(copy, folders[name], part)))
    const code = shipped.filter((file) => file.endsWith('.js'))
    return {
      name,
      packed: packedSize(tarballs[name]),
      unpacked: sum(shipped.map((file) => statSync(file).size)),
      code: sum(code.map(codeSize)),
      loaded,
    }
  })
}

/** Per platform, in KB: the tarball and the binary. Only the name, where this machine could not build it. */
function ofBinaries(copy, tarballs) {
  return binaries().map(({ folder, manifest: { name } }) => {
    if (tarballs[name] === undefined) return { name }
    return {
      name,
      packed: packedSize(tarballs[name]),
      unpacked: kilobytes(statSync(join(copy, binaryOf(folder))).size),
    }
  })
}

/** What is over its bound, or has none, as sentences. */
export function excesses(sizes, bounds = BOUNDS) {
  return sizes.flatMap((size) =>
    ['packed', 'loaded']
      .filter((kind) => size[kind] !== undefined && !(size[kind] <= bounds[size.name]?.[kind]))
      .map((kind) => `${size.name}: ${kind} is ${size[kind]} KB, more than ${bounds[size.name]?.[kind]}`),
  )
}

const packedSize = (tarball) => kilobytes(statSync(tarball).size)
const kilobytes = (bytes) => Math.ceil(bytes / 1_000)
const sum = (numbers) => kilobytes(numbers.reduce((before, number) => before + number, 0))

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.tsbuildinfo')
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Prints the table. @returns whether everything is within its bounds */
export async function sizesAreKept() {
  const sizes = await measure()
  const row = (name, ...cells) => name.padEnd(32) + cells.map((it = '') => `${it}`.padStart(12)).join('')
  console.log(row('KB', 'packed', 'unpacked', 'code', 'code loaded'))
  for (const { name, packed, unpacked, code, loaded } of sizes)
    console.log(row(name, ...((packed ?? loaded) ? [packed, unpacked, code, loaded] : ['not built'])))
  const problems = excesses(sizes)
  for (const problem of problems) console.log(problem)
  return problems.length === 0
}
