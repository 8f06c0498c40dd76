import { generate } from 'selfsigned'

/** A certificate that is its own authority, and its key, both in PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** The types of names in a certificate (RFC 5280 §4.2.1.6). */
const DNS_NAME = 2
const IP_ADDRESS = 7

/** Makes a certificate with a key on an elliptic curve, for `localhost`, 127.0.0.1 and ::1. */
export async function createCertificate(): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: DNS_NAME, value: 'localhost' },
          { type: IP_ADDRESS, ip: '127.0.0.1' },
          { type: IP_ADDRESS, ip: '::1' },
        ],
      },
    ],
  })
  return { key, cert }
}
