import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Every page of a built site, from its folder. */
export function pagesOf(site: string): string[] {
  const all = readdirSync(site, { recursive: true, encoding: 'utf8' })
  return all.filter((path) => path.endsWith('.html')).toSorted()
}

/** Links, pictures, scripts and styles of all pages that lead to no file of the site, or to no element of a page. */
export function brokenLinks(site: string): string[] {
  const pages = new Map(pagesOf(site).map((path) => [path, readFileSync(join(site, path), 'utf8')]))
  const valuesOf = (text: string | undefined, attributes: RegExp): Set<string> =>
    new Set([...(text ?? '').matchAll(attributes)].map(([, value = '']) => value))
  const ids = new Map([...pages].map(([path, text]) => [path, valuesOf(text, / id="([^"]+)"/g)]))
  const isBroken = (from: string, target: string): boolean => {
    if (/^(https?|mailto):/.test(target)) return false
    const [file = '', anchor = ''] = target.split('#').map(decodeURIComponent)
    const path = file === '' ? from : normalize(join(dirname(from), file.replace(/\?.*$/, '')))
    if (path.startsWith('..') || !existsSync(join(site, path))) return true
    if (statSync(join(site, path)).isDirectory()) return true
    return path.endsWith('.html') && anchor !== '' && ids.get(path)?.has(anchor) !== true
  }
  return [...pages].flatMap(([path, text]) =>
    [...valuesOf(text, / (?:href|src)="([^"]+)"/g)]
      .filter((target) => isBroken(path, target))
      .map((target) => `${path} → ${target}`),
  )
}
