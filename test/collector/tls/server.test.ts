/** TLS 1.3 with the configured certificate, and mistakes in the files found before anything starts. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { AppError } from '@yiben/shared'
import { expect, onTestFinished, test } from 'vitest'
import { certificateEndMs, serverMaker } from '../../../collector/src/tls/server.ts'
import { tempDir } from '../../support/temp-dir.ts'

const certFile = join(import.meta.dirname, 'localhost-cert.pem')
const keyFile = join(import.meta.dirname, 'localhost-key.pem')
const otherKeyFile = join(import.meta.dirname, 'other-key.pem')

async function listening(): Promise<number> {
  const server = serverMaker({ certFile, keyFile })((_request, response) => response.end('here'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('the certificate is shown and TLS 1.3 spoken', async () => {
  const socket = connect({
    port: await listening(),
    host: '127.0.0.1',
    ca: readFileSync(certFile),
    servername: 'localhost',
  })
  await once(socket, 'secureConnect')
  expect(socket.getProtocol()).toBe('TLSv1.3')
  expect(socket.authorized).toBe(true)
  socket.destroy()
})

test('older TLS is refused', async () => {
  const port = await listening()
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: readFileSync(certFile),
    servername: 'localhost',
    maxVersion: 'TLSv1.2',
  })
  const [error] = (await once(socket, 'error')) as [Error & { code?: string }]
  expect(error.code).toMatch(/PROTOCOL_VERSION|ECONNRESET/)
})

test.each([
  [
    'a certificate that is not there',
    '/nowhere/cert.pem',
    keyFile,
    'config_unreadable',
    'tls.cert',
  ],
  ['a key that is not there', certFile, '/nowhere/key.pem', 'config_unreadable', 'tls.key'],
  ['a key in the place of the certificate', keyFile, keyFile, 'config_invalid', 'tls.cert'],
  ['a key of another certificate', certFile, otherKeyFile, 'config_invalid', 'tls.key'],
])('%s stops the start by name', (_name, cert, key, code, option) => {
  try {
    serverMaker({ certFile: cert, keyFile: key })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(option)])
    return
  }
  throw new Error('it was taken')
})

test('a file of something else is no certificate', () => {
  const file = join(tempDir(), 'cert.pem')
  writeFileSync(file, 'hello\n')
  expect(() => serverMaker({ certFile: file, keyFile })).toThrow(/holds no certificate/)
})

test('the end of the certificate is told, and none without TLS', () => {
  const { validToDate } = new X509Certificate(readFileSync(certFile))
  expect(certificateEndMs({ certFile, keyFile })).toBe(validToDate.getTime())
  expect(certificateEndMs(null)).toBeNull()
})
