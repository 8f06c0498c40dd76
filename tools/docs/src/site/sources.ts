import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What browsers show by themselves; all other files that pages link to are sources, and text. */
const SHOWN = /\.(html|svg|png|json)$/

/** Makes a page of each source that the site links to: a browser would download it, or take `.ts` for a film. */
export function showSources(out: string): void {
  const folder = join(out, 'media')
  const sources = new Set(readdirSync(folder).filter((name) => !SHOWN.test(name)))
  for (const name of sources) {
    renameSync(join(folder, name), join(folder, `${name}.html`))
    const page = join(folder, `${name}.html`)
    writeFileSync(page, pageOf(name, readFileSync(page, 'utf8')))
  }
  for (const path of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.html') || path.startsWith('media')) continue
    const text = readFileSync(join(out, path), 'utf8')
      // The first page is called by its folder; from a disk that would be a list of files.
      .replace(/(href="(?:\.\.\/)+)(?=[#"])/g, '$1index.html')
      .replace(/(?<=href="(?:\.\.\/)*media\/)[^"#]+/g, (name) => (sources.has(name) ? `${name}.html` : name))
    writeFileSync(join(out, path), text)
  }
}

const STYLE = `body { margin: 1rem auto; max-width: 60rem; padding: 0 1rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere }`

const pageOf = (name: string, source: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="../assets/favicon.svg">
<title>${escape(name)}</title>
<style>${STYLE}</style>
<p><a href="../index.html">@sock</a> · ${escape(name)}</p>
<pre>${escape(source)}</pre>
</html>
`

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
