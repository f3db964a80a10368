/** Certificates of agents that were taken back: at the handshake, and where one is connected already. */
import { createPrivateKey, webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { createRealWorld, type Duplex, type Logger, silentLogger } from '@yiben/shared'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Keyed, loadLibrary, makeAuthority } from '../../../collector/src/tls/issue.ts'
import { TlsKeeper } from '../../../collector/src/tls/keeper.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { until } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { linkTo, listening } from '../../support/tls-listener.ts'

const HOUR = 3_600_000
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const
const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
/** Certificates are judged by the machine's clock. */
const { clock } = createRealWorld()
const random = new FakeRandom(3)
const issuing = { random, nowMs: clock.wallMs() }
const NOBODY = async () => 0

let authority: Keyed
let stranger: Keyed
let good: Keyed
let stolen: Keyed

beforeAll(async () => {
  const make = () => makeAuthority(issuing)
  ;[authority, stranger] = await Promise.all([make(), make()])
  ;[good, stolen] = await Promise.all([clientOf(authority, '0a'), clientOf(authority, '0b')])
})

async function signingKeyOf({ key }: Keyed): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' })
  return await webcrypto.subtle.importKey('pkcs8', der, KEY, false, ['sign'])
}

async function clientOf(by: Keyed, serialNumber: string): Promise<Keyed> {
  const x509 = await loadLibrary()
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: 'CN=gpu-1',
    issuer: new x509.X509Certificate(by.cert).subjectName,
    notBefore: new Date(clock.wallMs() - HOUR),
    notAfter: new Date(clock.wallMs() + HOUR),
    publicKey: keys.publicKey,
    signingKey: await signingKeyOf(by),
    signingAlgorithm: SIGNATURE,
  })
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  return { cert: cert.toString('pem'), key: String(key.export({ type: 'pkcs8', format: 'pem' })) }
}

/** A list of this authority, which names these certificates. */
async function listOf(by: Keyed, revoked: readonly Keyed[], endMs = clock.wallMs() + HOUR) {
  const x509 = await loadLibrary()
  const list = await x509.X509CrlGenerator.create({
    issuer: new x509.X509Certificate(by.cert).subjectName,
    thisUpdate: new Date(endMs - 2 * HOUR),
    nextUpdate: new Date(endMs),
    entries: revoked.map(({ cert }) => {
      const { serialNumber } = new x509.X509Certificate(cert)
      return { serialNumber, revocationDate: new Date(endMs - 2 * HOUR) }
    }),
    signingAlgorithm: SIGNATURE,
    signingKey: await signingKeyOf(by),
  })
  // As OpenSSL names it.
  return `${list.toString('pem').replaceAll(' CRL-', ' X509 CRL-').replaceAll('X509 X509', 'X509')}\n`
}

class Rig {
  readonly folder = tempDir()
  readonly listFile = join(this.folder, 'crl.pem')
  readonly said: string[] = []

  async open(list: string): Promise<TlsKeeper> {
    const clientCaFile = join(this.folder, 'client-ca.pem')
    writeFileSync(clientCaFile, authority.cert)
    this.put(list)
    const say = (_fields: unknown, sentence: string) => this.said.push(sentence)
    const log: Logger = { ...silentLogger, error: say, info: say, child: () => log }
    return TlsKeeper.open({
      config: {
        mode: 'own',
        names: ['localhost'],
        lifeMs: HOUR,
        rootsFile: null,
        clientCaFile,
        clientCrlFile: this.listFile,
      },
      dataDir: join(this.folder, 'data'),
      host: '127.0.0.1',
      world: { clock, random },
      log,
    })
  }

  put(list: string): void {
    writeFileSync(this.listFile, list)
  }
}

function linkBy(port: number, keeper: TlsKeeper, clientCertificate: Keyed): Promise<Duplex> {
  return linkTo(port, { ca: keeper.told.roots.join(''), clientCertificate })
}

describe('a certificate that was taken back', () => {
  test('is refused like none at all; others of its authority are taken', async () => {
    const keeper = await new Rig().open(await listOf(authority, [stolen]))
    const port = await listening(keeper)
    await expect(linkBy(port, keeper, stolen)).rejects.toThrow(/403.*certificate_required/)
    const taken = await linkBy(port, keeper, good)
    taken.terminate()
  })

  test('ends what is open by it as soon as the list is read, and nobody else’s', async () => {
    const rig = new Rig()
    const keeper = await rig.open(await listOf(authority, []))
    const port = await listening(keeper)
    const [theirs, ours] = [await linkBy(port, keeper, stolen), await linkBy(port, keeper, good)]
    const ended: string[] = []
    theirs.onClose(() => ended.push('stolen'))
    ours.onClose(() => ended.push('good'))
    await keeper.look(NOBODY)
    expect(ended).toEqual([])
    rig.put(await listOf(authority, [stolen]))
    await keeper.look(NOBODY)
    await until('the end', () => (ended.length > 0 ? true : null))
    await expect(linkBy(port, keeper, stolen)).rejects.toThrow(/403/)
    expect(ended).toEqual(['stolen'])
    const again = await linkBy(port, keeper, good)
    for (const socket of [ours, again]) socket.terminate()
  })
})

/** What a client is taken for that shows this certificate; with what it may resume with. */
async function takenFor(port: number, keeper: TlsKeeper, shown: Keyed, session?: Buffer) {
  const ca = keeper.told.roots.join('')
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca,
    ...shown,
    session,
  })
  let ticket: Buffer | undefined
  socket.on('session', (one: Buffer) => {
    ticket = one
  })
  await once(socket, 'secureConnect')
  const isReused = socket.isSessionReused()
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
  const body = await text(socket)
  return { is: /authorized|a stranger/.exec(body)?.[0], ticket, isReused }
}

test('a session of before the list is not resumed, and its certificate is looked at', async () => {
  const rig = new Rig()
  const keeper = await rig.open(await listOf(authority, []))
  const port = await listening(keeper)
  const first = await takenFor(port, keeper, stolen)
  expect(first.is).toBe('authorized')
  // While nothing changes it may be.
  const again = await takenFor(port, keeper, stolen, first.ticket)
  expect(again).toMatchObject({ is: 'authorized', isReused: true })
  rig.put(await listOf(authority, [stolen]))
  await keeper.look(NOBODY)
  const after = await takenFor(port, keeper, stolen, again.ticket ?? first.ticket)
  expect(after).toMatchObject({ is: 'a stranger', isReused: false })
})

describe('a list', () => {
  test('that is too old lets nobody in, says so once, and gives way to a newer one', async () => {
    const rig = new Rig()
    const keeper = await rig.open(await listOf(authority, [], clock.wallMs() - HOUR))
    const port = await listening(keeper)
    await expect(linkBy(port, keeper, good)).rejects.toThrow(/403/)
    await keeper.look(NOBODY)
    const complaints = () => rig.said.filter((sentence) => sentence.includes('is too old')).length
    expect([complaints(), keeper.lists?.endMs]).toEqual([1, expect.any(Number)])
    rig.put(await listOf(authority, []))
    await keeper.look(NOBODY)
    const taken = await linkBy(port, keeper, good)
    taken.terminate()
    expect(complaints()).toBe(1)
  })

  test.each<[string, () => Promise<string>, RegExp]>([
    [
      'of another authority',
      () => listOf(stranger, []),
      /no authority of tls\.client_ca has signed/,
    ],
    ['that is none', async () => 'hello', /holds no list of O=Yiben/],
    [
      'that was cut off',
      async () => (await listOf(authority, [])).replace(/\n[^-]+\n-----END/, '\n-----END'),
      /holds what is no list/,
    ],
  ])('%s is refused at the start, and later changes nothing', async (_what, make, sentence) => {
    const wrong = await make()
    const refused = new Rig().open(wrong)
    await expect(refused).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(sentence),
    })
    const rig = new Rig()
    const keeper = await rig.open(await listOf(authority, [stolen]))
    const port = await listening(keeper)
    rig.put(wrong)
    await keeper.look(NOBODY)
    await keeper.look(NOBODY)
    expect(rig.said.filter((said) => said.includes('what was shown stays'))).toHaveLength(1)
    await expect(linkBy(port, keeper, stolen)).rejects.toThrow(/403/)
    rmSync(rig.listFile)
    await keeper.look(NOBODY)
    const taken = await linkBy(port, keeper, good)
    taken.terminate()
  })
})
