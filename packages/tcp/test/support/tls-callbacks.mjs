// One odd TLS handshake in a process of its own, because a fault of memory ends the process. Then an ordinary client must be
// served. It gets certificates as JSON and the name of a case, and prints what has happened.
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { connectTcp, createTcpServer } from '../../dist/index.js'

const { ca, server: pair } = JSON.parse(readFileSync(0, 'utf8'))
const context = tls.createSecureContext(pair)
const abort = new AbortController()
const close = () => void server.close()
const echo = async (connection) => {
  for await (const chunk of connection) await connection.write(chunk)
}
/** A TLS that authenticates with a shared key instead of certificates. */
const PSK = { ciphers: 'PSK', maxVersion: 'TLSv1.2' }
const identity = { psk: Buffer.alloc(16, 1), identity: 'someone' }
const throwing = (value) => () => {
  throw value
}
const sni = (SNICallback) => ({ tls: { SNICallback } })
const alpn = (ALPNCallback) => ({ tls: { ALPNCallback }, client: { ALPNProtocols: ['a', 'b'] } })
const psk = (pskCallback) => ({
  tls: { ...PSK, pskCallback, pskIdentityHint: 'hint' },
  client: { ...PSK, pskCallback: () => identity, checkServerIdentity: () => undefined },
})

/** What is odd: `tls` or `handler` of the server, its `error` listener, or the TLS of the client, which is ours with `signal`. */
const CASES = {
  'SNICallback passes a function': sni((_, done) => done(null, Object)),
  'SNICallback passes an object': sni((_, done) => done(null, { context: {} })),
  'SNICallback passes a function later': sni((_, done) => setTimeout(() => done(null, Object), 5)),
  'SNICallback throws undefined': sni(throwing(undefined)),
  'SNICallback fails with an error': sni((_, done) => done(new Error('no'))),
  'SNICallback fails with a string': sni((_, done) => done('no')),
  'SNICallback fails with a frozen error': sni((_, done) => done(Object.freeze(new Error('no')))),
  'SNICallback fails with an object that throws': sni((_, done) =>
    done({
      get message() {
        throw new Error('message')
      },
      get code() {
        throw new Error('code')
      },
    }),
  ),
  'SNICallback fails later': sni((_, done) => setImmediate(() => done(new Error('no')))),
  'SNICallback calls back twice': sni((_, done) => (done(null, context), done(null, context))),
  'SNICallback calls back, and later fails': sni(
    (_, done) => (done(null, context), setTimeout(() => done(new Error('no')), 20)),
  ),
  'SNICallback fails twice': sni((_, done) => (done(new Error('no')), done(new Error('no')))),
  'SNICallback closes the server': sni((_, done) => (close(), done(null, context))),
  'SNICallback closes the server and never calls back': sni(close),
  'SNICallback calls back and closes the server': sni((_, done) => (done(null, context), close())),
  'ALPNCallback throws null': alpn(throwing(null)),
  'ALPNCallback returns an unknown protocol': alpn(() => 'c'),
  'ALPNCallback returns no string': alpn(() => ({})),
  'ALPNCallback closes the server': alpn(() => (close(), 'a')),
  'pskCallback throws': psk(throwing('no')),
  'pskCallback returns no key': psk(() => 'key'),
  'pskCallback closes the server': psk(() => (close(), identity.psk)),
  'the error listener closes the server': { ...sni((_, done) => done(null, Object)), error: close },
  'open() destroys the connection': {
    handler: { open: (connection) => connection.destroy(), data() {} },
  },
  'open() writes and throws': {
    handler: {
      open(connection) {
        connection.write(Buffer.alloc(100_000)).catch(() => {})
        // oxlint-disable-next-line typescript/only-throw-error -- any value may be thrown
        throw undefined
      },
      data() {},
    },
  },
  'open() writes and closes the server': {
    handler: {
      open(connection) {
        connection.write(Buffer.alloc(100_000)).catch(() => {})
        close()
      },
      data() {},
    },
  },
  'our client aborts in checkServerIdentity': {
    client: { checkServerIdentity: () => abort.abort('enough') },
    signal: abort.signal,
  },
  'our client aborts in pskCallback': {
    ...psk(() => identity.psk),
    client: {
      ...PSK,
      pskCallback: () => (abort.abort('enough'), identity),
      checkServerIdentity: () => undefined,
    },
    signal: abort.signal,
  },
  'our client throws in pskCallback': {
    ...psk(() => identity.psk),
    client: { ...PSK, pskCallback: throwing('no') },
    signal: abort.signal,
  },
  'our client throws in configure': { configure: throwing(undefined), signal: abort.signal },
}

const name = process.argv[2]
const odd = CASES[name]
const errors = []
const uncaught = []
process.on('uncaughtException', (error) => uncaught.push(String(error)))
process.on('unhandledRejection', (error) => uncaught.push(String(error)))

const server = createTcpServer(odd.handler ?? echo, { tls: { ...pair, ...odd.tls } })
server.on('error', (error) => {
  errors.push(error.code ?? error.message)
  odd.error?.()
})
const address = await server.listen('127.0.0.1:0')
const options = { ca, servername: 'localhost', ...odd.client }
if (odd.signal === undefined) {
  const client = tls.connect({ ...options, host: address.host, port: address.port })
  client.on('error', () => {}).resume()
  // Whatever it gets, it ends soon after.
  client.once('secureConnect', () => client.write('x', () => client.end()))
  // Not once(), which would reject.
  await new Promise((resolve) => client.on('close', resolve))
} else {
  const { signal, configure } = odd
  const dial = connectTcp(address, { tls: options, signal, ...(configure && { configure }) })
  await dial.then(
    (connection) => connection.close(),
    () => {},
  )
}
if (server.state === 'draining') await server.closed
if (server.state === 'listening') await server.close()

// The same process serves others.
const other = createTcpServer(echo, { tls: pair })
const client = await connectTcp(await other.listen('127.0.0.1:0'), { tls: { ca } })
await client.write('hello')
const answer = String(await client.read())
await client.close()
await other.close()
const { open, handshaking } = server.stats()
console.log(JSON.stringify({ answer, open, handshaking, state: server.state, uncaught, errors }))
