/**
 * The server people and agents connect to: plain where no certificate is configured (loopback only,
 * see `config.ts`), else TLS 1.3. A file that is missing, unreadable or no PEM is named.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createPlain, type RequestListener, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { createSecureContext } from 'node:tls'
import { AppError, errorSentence } from '@yiben/shared'

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

export type ServerMaker = (handler: RequestListener) => Server

/** Reads and checks the files at once, so that a mistake stops the start and not the first agent. */
export function serverMaker(files: TlsFiles | null): ServerMaker {
  if (files === null) return (handler) => createPlain(handler)
  const cert = readPem(files.certFile, 'tls.cert')
  const key = readPem(files.keyFile, 'tls.key')
  checkCertificate(cert, files.certFile)
  try {
    createSecureContext({ cert, key, minVersion: 'TLSv1.3' })
  } catch (error) {
    const sentence = `tls.key: ${files.keyFile} does not fit ${files.certFile}: ${errorSentence(error)}`
    throw new AppError('config_invalid', sentence, { cause: error })
  }
  return (handler) => createSecure({ cert, key, minVersion: 'TLSv1.3' }, handler)
}

/** When the certificate that is shown stops being valid; `null` without one. */
export function certificateEndMs(files: TlsFiles | null): number | null {
  if (files === null) return null
  const pem = readPem(files.certFile, 'tls.cert')
  checkCertificate(pem, files.certFile)
  return new X509Certificate(pem).validToDate.getTime()
}

function readPem(file: string, option: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const sentence = `${option}: ${file} cannot be read: ${errorSentence(error)}`
    throw new AppError('config_unreadable', sentence, { cause: error })
  }
}

function checkCertificate(pem: Buffer, file: string): void {
  try {
    void new X509Certificate(pem)
  } catch (error) {
    const sentence = `tls.cert: ${file} holds no certificate in PEM`
    throw new AppError('config_invalid', sentence, { cause: error })
  }
}
