import { generate } from 'selfsigned'

/** PEM; it is its own authority. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** The type of a DNS name in a certificate (RFC 5280 §4.2.1.6). */
const DNS_NAME = 2
/** One in use, one to change to, and one whose key does not fit the others. */
const COUNT = 3

export function createCertificates(): Promise<Certificate[]> {
  return Promise.all(Array.from({ length: COUNT }, createCertificate))
}

async function createCertificate(): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: DNS_NAME, value: 'localhost' }] }],
  })
  return { key, cert }
}
