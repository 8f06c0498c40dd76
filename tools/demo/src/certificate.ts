import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from 'selfsigned'

export interface Certificate {
  /** PEM. */
  readonly key: string
  /** PEM; it is its own authority. */
  readonly cert: string
  /** Where {@link cert} is, for programs that verify it. */
  readonly file: string
}

/** The types of names in a certificate (RFC 5280 §4.2.1.6). */
const DNS_NAME = 2
const IP_ADDRESS = 7

/** Makes a certificate for this machine's own names and puts it into `folder`; the key stays in memory. */
export async function createCertificate(folder: string): Promise<Certificate> {
  const altNames = [
    { type: DNS_NAME, value: 'localhost' },
    { type: IP_ADDRESS, ip: '127.0.0.1' },
    { type: IP_ADDRESS, ip: '::1' },
  ] as const
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [...altNames] },
    ],
  })
  const file = join(folder, 'certificate.pem')
  await writeFile(file, cert)
  return { key, cert, file }
}
