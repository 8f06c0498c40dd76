import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { serve, type Served } from '../../src/site/serve.js'
import { buildSite } from '../../src/site/site.js'
import { brokenLinks, pagesOf } from './links.js'

const CHROMIUM = '/usr/bin/chromium'
const withChromium = existsSync(CHROMIUM) ? it : it.skip
if (withChromium === it.skip)
  console.warn('chromium is not installed: the site is not looked at in a browser')

/** ms: building takes seconds, and so does a look at every page; this only keeps a hang from lasting for ever. */
const TIME_LIMIT = 900_000

const folder = mkdtempSync(join(tmpdir(), 'sock-site-'))
let problems: readonly string[] = []
let served: Served
let browser: Browser | undefined

beforeAll(async () => {
  problems = await buildSite(join(folder, 'site'))
  served = await serve(join(folder, 'site'), 0)
  if (withChromium === it) browser = await launch()
}, TIME_LIMIT)

afterAll(async () => {
  await browser?.close()
  await served.close()
  rmSync(folder, { recursive: true })
})

/** Chromium itself must ask for nothing outside either. */
function launch(): Promise<Browser> {
  const quiet = ['background-networking', 'component-update', 'quic', 'sync'].map(
    (what) => `--disable-${what}`,
  )
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', ...quiet]
  return chromium.launch({ executablePath: CHROMIUM, args })
}

/** A new page that collects errors of the console, and requests to anywhere else. */
async function openPage(width: number): Promise<{ page: Page; complaints: string[] }> {
  const page = await (browser as Browser).newPage({ viewport: { width, height: 844 } })
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`))
  page.on('request', (request) => {
    const isOutside = !request.url().startsWith(served.url) && !request.url().startsWith('data:')
    if (isOutside) complaints.push(`${page.url()}: asked for ${request.url()}`)
  })
  return { page, complaints }
}

describe('the site', () => {
  it('is built without a complaint', () => {
    expect(problems).toEqual([])
  })

  it('has links that lead to a page, and to a place in it', () => {
    expect(brokenLinks(join(folder, 'site'))).toEqual([])
  })

  withChromium(
    'has pages as wide as a phone, with no error, and asks for nothing outside',
    async () => {
      const { page, complaints } = await openPage(390)
      // Pages of sources are all alike: a few of them will do.
      const pages = pagesOf(join(folder, 'site'))
      const sources = pages.filter((path) => path.startsWith('media/'))
      const others = pages.filter((path) => !path.startsWith('media/'))
      for (const path of [...others, ...sources.slice(0, 5)]) {
        await page.goto(served.url + path, { waitUntil: 'load' })
        const width = await page.evaluate(() => document.documentElement.scrollWidth)
        if (width > 390) complaints.push(`${path}: ${width} px wide`)
      }
      expect(complaints).toEqual([])
    },
    TIME_LIMIT,
  )

  withChromium('has a navigation that leads to guides and packages', async () => {
    const { page, complaints } = await openPage(1280)
    await page.goto(served.url)
    await page.locator('#tsd-nav-container a').first().waitFor({ state: 'attached' })
    const texts = await page.locator('#tsd-nav-container').allTextContents()
    for (const name of ['Getting started', 'Graceful shutdown', '@sock/unixgram'])
      expect(texts[0]).toContain(name)
    const links = await page
      .locator('#tsd-nav-container a')
      .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href))
    const lost = links.filter((link) => !existsSync(pathOf(link)))
    expect([links.length > 50, lost, complaints]).toEqual([true, [], []])
  })

  withChromium.each([
    ['createTcpServer', 'createTcpServer'],
    // A word within a guide.
    ['TimeoutStopSec', 'Graceful shutdown'],
  ])('has a search that finds %s', async (word, title) => {
    const { page, complaints } = await openPage(390)
    await page.goto(served.url)
    await page.locator('#tsd-search-trigger').click()
    await page.locator('#tsd-search-input').fill(word)
    const result = page.locator('#tsd-search-results a').first()
    await result.waitFor()
    expect(await result.textContent()).toContain(title)
    await result.click()
    await page.waitForURL((url) => url.pathname !== '/')
    expect(complaints).toEqual([])
  })
})

function pathOf(link: string): string {
  return join(folder, 'site', decodeURIComponent(new URL(link).pathname))
}

describe('brokenLinks()', () => {
  it('brokenLinks() finds files, elements and images that are not there', () => {
    const site = join(folder, 'broken')
    mkdirSync(join(site, 'a'), { recursive: true })
    writeFileSync(join(site, 'index.html'), '<a href="a/b.html#here">1</a><a href="a/b.html#gone">2</a>')
    writeFileSync(
      join(site, 'a', 'b.html'),
      '<p id="here"><a href="../index.html">3</a><a href="c.html">4</a><img src="d.svg"><a href="../../x">5</a><a href="https://example.org">6</a>',
    )
    expect(brokenLinks(site)).toEqual([
      'a/b.html → c.html',
      'a/b.html → ../../x',
      'a/b.html → d.svg',
      'index.html → a/b.html#gone',
    ])
  })
})
