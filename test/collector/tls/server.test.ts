/**
 * TLS 1.3 with the configured certificate; mistakes in the files found before anything starts; files
 * that change while it serves.
 */
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { AppError, createRealWorld, type Duplex, pinOf, silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { TlsConfig } from '../../../collector/src/config/tls-options.ts'
import { issueServer, makeAuthority } from '../../../collector/src/tls/issue.ts'
import { TlsKeeper } from '../../../collector/src/tls/keeper.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { linkTo, listening } from '../../support/tls-listener.ts'

const certFile = join(import.meta.dirname, 'localhost-cert.pem')
const keyFile = join(import.meta.dirname, 'localhost-key.pem')
const otherKeyFile = join(import.meta.dirname, 'other-key.pem')
const CONNECTIONS = 20
/** Certificates are judged by the machine's clock. */
const { clock } = createRealWorld()
const NOBODY = async () => 0

function filesOf(change: Partial<TlsConfig> = {}): TlsConfig {
  const common = { rootsFile: null, clientCaFile: null, clientCrlFile: null }
  return { mode: 'files', certFile, keyFile, ...common, ...change } as TlsConfig
}

function keeperOf(config: TlsConfig, log = silentLogger): Promise<TlsKeeper> {
  const world = { clock, random: new FakeRandom(1) }
  return TlsKeeper.open({ config, dataDir: tempDir(), host: '127.0.0.1', world, log })
}

async function shownAt(port: number, ca: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' })
  await once(socket, 'secureConnect')
  expect([socket.getProtocol(), socket.authorized]).toEqual(['TLSv1.3', true])
  const shown = socket.getPeerX509Certificate()?.toString() ?? ''
  socket.destroy()
  return shown
}

/** What was sent comes back, over this connection. */
function echoes(socket: Duplex): Promise<boolean> {
  return new Promise((resolve) => {
    socket.onFrame((frame) => resolve(frame[0] === 7))
    socket.onClose(() => resolve(false))
    socket.send(Uint8Array.of(7))
  })
}

test('the certificate is shown and TLS 1.3 spoken', async () => {
  const pem = readFileSync(certFile, 'utf8')
  const port = await listening(await keeperOf(filesOf()))
  expect(await shownAt(port, pem)).toBe(new X509Certificate(pem).toString())
})

test('older TLS is refused', async () => {
  const port = await listening(await keeperOf(filesOf()))
  const ca = readFileSync(certFile)
  const options = { port, host: '127.0.0.1', ca, servername: 'localhost' }
  const socket = connect({ ...options, maxVersion: 'TLSv1.2' })
  const [error] = (await once(socket, 'error')) as [Error & { code?: string }]
  expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
})

describe('a mistake stops the start by name', () => {
  const wrong: readonly (readonly [string, Partial<TlsConfig>, string, RegExp])[] = [
    ['no certificate there', { certFile: '/no/cert.pem' }, 'config_unreadable', /^tls\.cert/],
    ['no key there', { keyFile: '/no/key.pem' }, 'config_unreadable', /^tls\.key/],
    ['a key for a certificate', { certFile: keyFile }, 'config_invalid', /holds no certificate/],
    ['the key of another', { keyFile: otherKeyFile }, 'config_invalid', /^tls\.key/],
    ['no roots there', { rootsFile: '/no/roots.pem' }, 'config_unreadable', /^tls\.roots/],
    ['no client CA', { clientCaFile: keyFile }, 'config_invalid', /^tls\.client_ca/],
  ]
  test.each(wrong)('%s', async (_name, change, code, sentence) => {
    const error = await keeperOf(filesOf(change)).catch((caught: unknown) => caught)
    if (!(error instanceof AppError)) throw new Error('it was taken')
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(sentence)])
  })

  test('a key of another kind, which TLS itself takes and then fails every handshake', async () => {
    const { asymmetricKeyType } = new X509Certificate(readFileSync(certFile)).publicKey
    const other =
      asymmetricKeyType === 'rsa'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 })
    const otherFile = join(tempDir(), 'key.pem')
    writeFileSync(otherFile, other.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await expect(keeperOf(filesOf({ keyFile: otherFile }))).rejects.toThrow(
      /^tls\.key.*does not fit/,
    )
  })

  test('authorities for nodes of which none vouches for the certificate', async () => {
    const rootsFile = join(tempDir(), 'roots.pem')
    writeFileSync(rootsFile, (await makeAuthority({ random: new FakeRandom(2), nowMs: 0 })).cert)
    const issued = join(tempDir(), 'issued.pem')
    const made = await newServer()
    writeFileSync(issued, made.cert)
    writeFileSync(`${issued}.key`, made.key)
    const files = { certFile: issued, keyFile: `${issued}.key` }
    await expect(keeperOf(filesOf({ ...files, rootsFile }))).rejects.toThrow(/would not come back/)
  })
})

async function newServer() {
  const issuing = { random: new FakeRandom(3), nowMs: clock.wallMs() }
  const authority = await makeAuthority(issuing)
  const names = ['localhost', '127.0.0.1']
  const server = await issueServer(authority, names, { ...issuing, lifeMs: 86_400_000 })
  return { ...server, authority }
}

describe('a chain', () => {
  test('that ends in its authority is pinned by it, one that does not by nobody', async () => {
    const { authority, cert, key } = await newServer()
    const folder = tempDir()
    const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
    writeFileSync(files.keyFile, key)
    writeFileSync(files.certFile, cert)
    const bare = await keeperOf(filesOf(files))
    expect([bare.told.pin, bare.told.roots]).toEqual([null, []])
    writeFileSync(files.certFile, cert + authority.cert)
    const whole = await keeperOf(filesOf(files))
    expect(whole.told.pin).toBe(pinOf(new X509Certificate(authority.cert)))
    expect(whole.told.roots.join('').trim()).toBe(authority.cert.trim())
    const ends = [whole.shown.endMs, whole.shown.authorityEndMs]
    expect(ends).toEqual(
      [cert, authority.cert].map((pem) => new X509Certificate(pem).validToDate.getTime()),
    )
  })
})

describe('files that change', () => {
  test('are taken without losing a connection, and not while they are wrong', async () => {
    const folder = tempDir()
    const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
    copyFileSync(certFile, files.certFile)
    copyFileSync(keyFile, files.keyFile)
    const errors: string[] = []
    const error = (_fields: unknown, sentence: string) => void errors.push(sentence)
    const keeper = await keeperOf(filesOf(files), { ...silentLogger, error } as typeof silentLogger)
    const port = await listening(keeper)
    const before = readFileSync(certFile, 'utf8')
    const open = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => linkTo(port, { ca: before })),
    )
    const { authority, cert, key } = await newServer()
    // Half of it: the new certificate with the old key. Said once, and the old one stays.
    writeFileSync(files.certFile, cert)
    for (let look = 0; look < 3; look += 1) await keeper.look(NOBODY)
    expect(errors).toHaveLength(1)
    expect(await shownAt(port, before)).toBe(new X509Certificate(before).toString())
    writeFileSync(files.keyFile, key)
    await keeper.look(NOBODY)
    expect(await shownAt(port, authority.cert)).toBe(new X509Certificate(cert).toString())
    expect(keeper.shown.endMs).toBe(new X509Certificate(cert).validToDate.getTime())
    expect(await Promise.all(open.map(echoes))).toEqual(open.map(() => true))
    for (const socket of open) socket.terminate()
  })
})

describe('where agents must show a certificate', () => {
  test('a link without one is refused, one with it taken; the API is open to both', async () => {
    // One that vouches for itself is an authority too.
    const [cert, key] = [readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8')]
    const stranger = await newServer()
    const clientCaFile = certFile
    const port = await listening(await keeperOf(filesOf({ clientCaFile })))
    const ca = cert
    await expect(linkTo(port, { ca })).rejects.toThrow(/403.*certificate_required/)
    const other = { cert: stranger.cert, key: stranger.key }
    await expect(linkTo(port, { ca, clientCertificate: other })).rejects.toThrow(/403/)
    const taken = await linkTo(port, { ca, clientCertificate: { cert, key } })
    expect(await echoes(taken)).toBe(true)
    taken.terminate()
    const browser: TLSSocket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' })
    await once(browser, 'secureConnect')
    browser.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    const [answer] = (await once(browser, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200/)
    browser.destroy()
  })
})
