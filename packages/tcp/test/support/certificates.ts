import { generate } from 'selfsigned'

/** A key and its certificate, in PEM. */
export interface Pair {
  readonly key: string
  readonly cert: string
}

export interface Certificates {
  /** The authority that signed the others. */
  readonly ca: string
  /** For `localhost` and `127.0.0.1`. */
  readonly server: Pair
  /** For `other.test`. */
  readonly other: Pair
  readonly client: Pair
  /** The certificate of a client, expired yesterday. */
  readonly expired: Pair
  /** The certificate of a client, signed by an unknown authority. */
  readonly stranger: Pair
}

interface Details {
  readonly names?: readonly string[]
  readonly days?: readonly [from: number, to: number]
}

const DAY = 86_400_000

async function issue(ca: Pair, commonName: string, details: Details = {}): Promise<Pair> {
  const { names = [], days = [-1, 30] } = details
  const addresses = names.includes('localhost') ? [{ type: 7 as const, ip: '127.0.0.1' }] : []
  const altNames = [...names.map((value) => ({ type: 2 as const, value })), ...addresses]
  const { private: key, cert } = await generate([{ name: 'commonName', value: commonName }], {
    keySize: 2048,
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() + days[0] * DAY),
    notAfterDate: new Date(Date.now() + days[1] * DAY),
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName' as const, altNames }]),
    ],
  })
  return { key, cert }
}

async function authority(commonName: string): Promise<Pair> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: commonName }], {
    keySize: 2048,
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 2 * DAY),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  return { key, cert }
}

/** Creates new ones, which takes some hundred milliseconds: call it once per file. */
export async function createCertificates(): Promise<Certificates> {
  const [known, unknown] = await Promise.all([authority('Test CA'), authority('Unknown CA')])
  const [server, other, client, expired, stranger] = await Promise.all([
    issue(known, 'localhost', { names: ['localhost'] }),
    issue(known, 'other.test', { names: ['other.test'] }),
    issue(known, 'alice'),
    issue(known, 'late', { days: [-2, -1] }),
    issue(unknown, 'mallory'),
  ])
  return { ca: known.cert, server, other, client, expired, stranger }
}
