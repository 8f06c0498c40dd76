import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { root, type Document } from './markdown.js'

/** Links of a document to files that do not exist, or to headings that a document does not have. */
export function brokenLinks(document: Document, all: readonly Document[]): string[] {
  return document.links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [file = '', anchor] = link.split('#')
    const path = file === '' ? document.path : posix.join(posix.dirname(document.path), file)
    if (path.startsWith('..') || !existsSync(root + path)) return true
    return anchor !== undefined && all.find((other) => other.path === path)?.anchors.has(anchor) !== true
  })
}
