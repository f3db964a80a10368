/** Certificates and keys as files: read whole, looked at before anything is served with them. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { AppError, errorSentence } from '@yiben/shared'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** A file of the configuration; the option is named in what is said of it. */
export function readPem(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const sentence = `${option}: ${file} cannot be read: ${errorSentence(error)}`
    throw new AppError('config_unreadable', sentence, { cause: error })
  }
}

/** In the order of the file, at least one. */
export function certificatesIn(pem: string, file: string, option: string): X509Certificate[] {
  try {
    const found = (pem.match(CERTIFICATE) ?? []).map((one) => new X509Certificate(one))
    if (found.length > 0) return found
  } catch {
    // Said below: a block that is no certificate is as good as none.
  }
  throw new AppError('config_invalid', `${option}: ${file} holds no certificate in PEM`)
}

/** Whether a private key belongs to a certificate. Throws for what is no key. */
export function isKeyOf(key: string, certificate: X509Certificate): boolean {
  // TLS itself would take a key of another kind beside the certificate, and then fail each handshake.
  return certificate.checkPrivateKey(createPrivateKey(key))
}

/** The key belongs to the first certificate, and TLS takes both. */
export function checkKey(files: {
  readonly chain: readonly X509Certificate[]
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}): void {
  const { cert, chain, key, certFile, keyFile } = files
  const misfit = `tls.key: ${keyFile} does not fit ${certFile}`
  let isFit: boolean
  try {
    isFit = chain[0] !== undefined && isKeyOf(key, chain[0])
    createSecureContext({ cert, key, minVersion: 'TLSv1.3' })
  } catch (error) {
    throw new AppError('config_invalid', `${misfit}: ${errorSentence(error)}`, { cause: error })
  }
  if (!isFit) throw new AppError('config_invalid', misfit)
}

export function joinPem(certificates: readonly X509Certificate[]): string {
  return certificates.map((one) => one.toString()).join('')
}
