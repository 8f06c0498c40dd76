import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { linkSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createFile,
  fileId,
  isFile,
  type FileId,
  type SocketFile,
} from '../../src/lib/socket-file/socket-file.js'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-'))
  path = join(folder, 'app.sock')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const files = (): string[] => readdirSync(folder).toSorted()

/** Any file has an identity; a socket is not needed for these tests. */
function create(): SocketFile {
  writeFileSync(path, '')
  return createFile(path, fileId(path) as FileId)
}

describe('SocketFile.remove', () => {
  it('SocketFile.remove() removes the file', () => {
    create().remove()
    expect(files()).toEqual([])
  })

  it('SocketFile.remove() leaves another file at the same path', () => {
    const file = create()
    renameSync(path, `${path}.old`)
    writeFileSync(path, '')
    file.remove()
    expect(files()).toEqual(['app.sock', 'app.sock.old'])
  })

  it('SocketFile.remove() does nothing when called again, though the same inode number may be at the path then', () => {
    const file = create()
    linkSync(path, `${path}~`)
    file.remove()
    linkSync(`${path}~`, path)
    file.remove()
    expect(files()).toEqual(['app.sock', 'app.sock~'])
  })

  it('SocketFile.remove() accepts that the file or its folder is gone', () => {
    const file = create()
    rmSync(folder, { recursive: true })
    expect(() => file.remove()).not.toThrow()
  })
})

describe('isFile', () => {
  it('isFile() is true for the file with this id, under any name', () => {
    create()
    const id = fileId(path) as FileId
    linkSync(path, `${path}~`)
    expect([isFile(path, id), isFile(`${path}~`, id)]).toEqual([true, true])
  })

  it('isFile() is false for no file, another one, and a link to it', () => {
    create()
    const id = fileId(path) as FileId
    writeFileSync(`${path}~`, '')
    symlinkSync(path, `${path}.link`)
    const names = [`${path}.none`, `${path}~`, `${path}.link`]
    expect(names.map((name) => isFile(name, id))).toEqual([false, false, false])
  })

  it('isFile() is false for a file with the same inode number that was created at another time', () => {
    create()
    const { dev, ino, birthtimeNs } = fileId(path) as FileId
    expect(isFile(path, { dev, ino, birthtimeNs: birthtimeNs - 1n })).toBe(false)
  })
})

describe('fileId', () => {
  it('fileId() is undefined for a path where nothing is', () => {
    expect(fileId(path)).toBeUndefined()
  })
})
