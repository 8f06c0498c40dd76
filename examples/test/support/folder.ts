import { afterEach, expect } from '@jest/globals'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endPrograms } from './program.js'

const folders: string[] = []

/** A folder for sockets, in which nothing may be left when the test is over. */
export async function socketFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sock-example-'))
  folders.push(folder)
  return folder
}

afterEach(async () => {
  await endPrograms()
  for (const folder of folders.splice(0)) {
    const left = await readdir(folder)
    await rm(folder, { recursive: true })
    expect(left).toEqual([])
  }
})
