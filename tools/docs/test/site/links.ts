import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { parse, type HTMLElement } from 'node-html-parser'

/** Every page of a built site, from its folder. */
export function pagesOf(site: string): string[] {
  return readdirSync(site, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.html'))
    .toSorted()
}

/** Links, images, scripts and styles of all pages that lead to no file of the site, or to no element of a page. */
export function brokenLinks(site: string): string[] {
  const pages = new Map(pagesOf(site).map((path) => [path, parse(readFileSync(join(site, path), 'utf8'))]))
  const anchors = new Map([...pages].map(([path, page]) => [path, anchorsOf(page)]))
  return [...pages].flatMap(([path, page]) =>
    targetsOf(page)
      .filter((target) => !leadsSomewhere(site, path, target, anchors))
      .map((target) => `${path} → ${target}`),
  )
}

function leadsSomewhere(
  site: string,
  from: string,
  target: string,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  if (/^(https?|mailto):/.test(target)) return true
  const [file = '', anchor] = target.split('#').map(decodeURIComponent)
  const path = file === '' ? from : normalize(join(dirname(from), file.replace(/\?.*$/, '')))
  const full = join(site, path)
  if (relative(site, full).startsWith('..') || !existsSync(full) || statSync(full).isDirectory()) return false
  return anchor === undefined || anchor === '' || anchors.get(path)?.has(anchor) === true
}

function targetsOf(page: HTMLElement): string[] {
  const links = page.querySelectorAll('a[href], link[href]').map((it) => it.getAttribute('href') as string)
  const sources = page.querySelectorAll('[src]').map((it) => it.getAttribute('src') as string)
  return [...new Set([...links, ...sources])]
}

function anchorsOf(page: HTMLElement): Set<string> {
  return new Set(page.querySelectorAll('[id]').map((it) => it.getAttribute('id') as string))
}
