import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files that browsers can show. All other files that pages link to are source text. */
const SHOWN = /\.(html|svg|png|json)$/

/** Makes a page of each source that the site links to. A browser would download it, or try to play a `.ts` file as a video. */
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
      // Without a web server, a browser would list the files of a folder.
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
