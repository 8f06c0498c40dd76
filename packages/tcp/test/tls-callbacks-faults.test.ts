import { beforeAll, describe, expect, it } from '@jest/globals'
import { Program } from '@sock/test-support/programs'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createCertificates } from './support/certificates.js'

const PROGRAM = fileURLToPath(new URL('support/tls-callbacks.mjs', import.meta.url))
const CASES = [...readFileSync(PROGRAM, 'utf8').matchAll(/^ {2}'(.+)': /gm)].map(([, name = '']) => name)

let certificates: string
beforeAll(async () => void (certificates = JSON.stringify(await createCertificates())))

/** In these, the handshake fails at the server, which reports it. */
const FAILS =
  /^(SNICallback (passes|throws|fails)|(ALPN|psk)Callback (throws|returns)|the error listener closes)/

describe('a callback within OpenSSL', () => {
  it.each(CASES)('%s: the process goes on, and everything is closed (B5, B12)', async (name) => {
    const { code, stdout, stderr } = await new Program(process.execPath, [PROGRAM, name]).end(certificates)
    // A fault of memory is a signal.
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { errors, ...rest } = JSON.parse(stdout) as { errors: unknown[] }
    expect(rest).toEqual({ answer: 'hello', open: 0, handshaking: 0, state: 'closed', uncaught: [] })
    if (FAILS.test(name)) expect(errors).toEqual(['ERR_SOCK_HANDSHAKE_FAILED'])
  })
})
