import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFolder } from '@sock/tools/folder'
import { chromium, type Browser, type Page } from 'playwright-core'
import { literalsOf } from '../../src/api.js'
import { buildSite } from '../../src/site/site.js'
import { brokenLinks, pagesOf } from './links.js'

const CHROMIUM = '/usr/bin/chromium'
const withChromium = existsSync(CHROMIUM) ? it : it.skip
if (withChromium === it.skip) console.warn('chromium is not installed: no browser looks at the site')

/** In ms; only against waiting for ever. */
const TIME_LIMIT = 900_000
const PHONE = 390

const folder = createFolder('site')
const site = join(folder.path, 'site')
/** The test answers requests to it from the folder, so no server is needed. */
const URL_OF_SITE = 'http://sock.test/'
let problems: readonly string[] = []
let browser: Browser | undefined

beforeAll(async () => {
  problems = await buildSite(site)
  if (withChromium === it.skip) return
  // Chromium itself must send no request to another host either.
  const quiet = ['background-networking', 'component-update', 'quic', 'sync', 'gpu']
  const args = ['--no-sandbox', '--no-first-run', ...quiet.map((what) => `--disable-${what}`)]
  browser = await chromium.launch({ executablePath: CHROMIUM, args })
}, TIME_LIMIT)

afterAll(async () => {
  await browser?.close()
  folder.remove()
})

const pathOf = (link: string): string => join(site, decodeURIComponent(new URL(link).pathname))

/** Opens a page, and collects the errors of its console and its requests to other hosts. */
async function openPage(width: number): Promise<{ page: Page; complaints: string[] }> {
  const page = await (browser as Browser).newPage({ viewport: { width, height: 844 } })
  page.setDefaultTimeout(0)
  await page.route(`${URL_OF_SITE}**`, (route) => route.fulfill({ path: pathOf(route.request().url()) }))
  const complaints: string[] = []
  const complain = (what: string): void => void complaints.push(`${page.url()}: ${what}`)
  page.on('console', (message) => {
    if (message.type() === 'error') complain(message.text())
  })
  page.on('pageerror', (error) => complain(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(URL_OF_SITE) && !request.url().startsWith('data:')) complain(request.url())
  })
  return { page, complaints }
}

/** Searches, and returns the first result as `Page.name`. */
async function search(page: Page, word: string): Promise<string> {
  const results = page.locator('#tsd-search-results a')
  // Wait until the results of the previous word have gone.
  await page.locator('#tsd-search-input').fill('')
  await page.waitForFunction(() => document.querySelector('#tsd-search-results a') === null)
  await page.locator('#tsd-search-input').fill(word)
  const text = await results.first().textContent()
  return (text ?? '').replaceAll(/\s+/g, ' ').replace('. ', '.').trim()
}

describe('the site', () => {
  it('is built without a complaint: every public symbol has a comment', () => {
    expect(problems).toEqual([])
  })

  it('has links that lead to a page and a place in it, and pictures that are there', () => {
    expect(brokenLinks(site)).toEqual([])
  })

  it('shows the parameters of each server and client with their texts, and an example', () => {
    for (const name of ['Tcp', 'Udp', 'Unix', 'Unixgram']) {
      for (const symbol of [`create${name}Server`, `connect${name}`]) {
        const page = readFileSync(join(site, `functions/_sock_${name.toLowerCase()}.${symbol}.html`), 'utf8')
        const parameters = page.match(/tsd-kind-parameter">[^<]*<\/span>: .*?<p>/gs) ?? []
        expect([symbol, parameters.length, /<h4[^>]*>Example/.test(page)]).toEqual([symbol, 2, true])
      }
    }
  })

  withChromium(
    'has pages that fit a phone, report no error, and send no request to another host',
    async () => {
      const { page, complaints } = await openPage(PHONE)
      // The pages of sources are all alike, so look at a few of them.
      const isSource = (path: string): boolean => path.startsWith('media/')
      const pages = pagesOf(site)
      const some = [...pages.filter((path) => !isSource(path)), ...pages.filter(isSource).slice(0, 5)]
      for (const path of some) {
        await page.goto(URL_OF_SITE + path, { waitUntil: 'load' })
        const width = await page.evaluate(() => document.documentElement.scrollWidth)
        if (width > PHONE) complaints.push(`${path}: ${width} px wide`)
      }
      expect(complaints).toEqual([])
    },
    TIME_LIMIT,
  )

  withChromium('has a benchmark table that fits its page on a screen', async () => {
    const { page } = await openPage(1280)
    await page.goto(`${URL_OF_SITE}documents/Benchmarks.html`)
    const tables = await page.locator('table').all()
    const hidden = await Promise.all(
      tables.map((table) => table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)),
    )
    expect(hidden).toEqual(tables.map(() => 0))
  })

  withChromium('has a navigation that leads to guides and packages', async () => {
    const { page, complaints } = await openPage(1280)
    await page.goto(`${URL_OF_SITE}index.html`)
    const links = page.locator('#tsd-nav-container a')
    await links.first().waitFor({ state: 'attached' })
    const texts = await links.allTextContents()
    expect(texts.map((text) => text.trim())).toEqual(
      expect.arrayContaining(['Getting started', 'Graceful shutdown', '@sock/unixgram']),
    )
    const targets = await links.evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href))
    const lost = targets.filter((link) => !existsSync(pathOf(link)))
    expect([lost, complaints]).toEqual([[], []])
  })

  withChromium(
    'has a search that finds the page of errors for a code, a guide or a table for an option, and leads there',
    async () => {
      const { page, complaints } = await openPage(PHONE)
      await page.goto(`${URL_OF_SITE}index.html`)
      await page.locator('#tsd-search-trigger').click()
      for (const code of literalsOf('@sock/core', 'SockErrorCode'))
        expect(await search(page, code)).toBe(`Errors.${code}`)
      // A name of the API, and a word within a guide.
      expect(await search(page, 'createTcpServer')).toBe('@sock/tcp.createTcpServer')
      expect(await search(page, 'TimeoutStopSec')).toMatch(/^Graceful shutdown/)
      expect(await search(page, 'tls')).toBe('TLS and new certificates.tls')
      expect(await search(page, 'datagramSpin')).toBe('Choosing an engine.datagramSpin')
      // No guide names this option.
      expect(await search(page, 'broadcast')).toBe('Options.broadcast')
      expect(await search(page, 'shutdownTimeout')).toBe('Graceful shutdown.shutdownTimeout')
      await page.locator('#tsd-search-results a').first().click()
      await page.waitForURL(/shutdown/i)
      expect(await page.locator(':target').count()).toBe(1)
      expect(complaints).toEqual([])
    },
    TIME_LIMIT,
  )
})
