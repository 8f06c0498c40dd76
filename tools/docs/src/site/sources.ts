import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What browsers show by themselves; all other files that pages link to are sources, and text. */
const SHOWN = /\.(html|svg|png|json)$/

/** Makes a page of each source that the site links to: a browser would download it, or take `.ts` for a film. */
export function showSources(out: string): void {
  const folder = join(out, 'media')
  const sources = readdirSync(folder).filter((name) => !SHOWN.test(name))
  for (const name of sources) {
    const page = join(folder, `${name}.html`)
    renameSync(join(folder, name), page)
    writeFileSync(page, pageOf(name, readFileSync(page, 'utf8')))
  }
  const known = new Set(sources)
  for (const path of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.html') || path.startsWith('media')) continue
    const file = join(out, path)
    const text = readFileSync(file, 'utf8')
    // The first page is called by its folder; from a disk that would be a list of files.
    const named = text.replace(/(href="(?:\.\.\/)+)(?=[#"])/g, '$1index.html')
    const linked = named.replace(
      /(href="(?:\.\.\/)*media\/)([^"#]+)/g,
      (whole, before: string, name: string) => (known.has(name) ? `${before}${name}.html` : whole),
    )
    if (linked !== text) writeFileSync(file, linked)
  }
}

function pageOf(name: string, source: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="../assets/favicon.svg">
<title>${escape(name)}</title>
<style>body { margin: 1rem auto; max-width: 60rem; padding: 0 1rem } pre { white-space: pre-wrap; overflow-wrap: anywhere }</style>
<p><a href="../index.html">@sock</a> · ${escape(name)}</p>
<pre>${escape(source)}</pre>
</html>
`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
