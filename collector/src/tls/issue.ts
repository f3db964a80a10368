/**
 * Makes certificates: of an authority of the collector's own, of an authority as another one vouches
 * for it, of the server. ECDSA over P-256, which every TLS there is can check. The library is loaded
 * when something is issued, which is rare, and not before.
 */
import { createPrivateKey, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import { type Random, randomHex } from '@yiben/shared'

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' } as const
const SERIAL_BYTES = 16
const NAME_BYTES = 4
const DAY_MS = 86_400_000
/** Nodes' clocks may be behind: what was issued just now is valid there too. */
const BACKDATED_MS = DAY_MS
/** The card outlives the mainboard's battery; a change of authority is one command. */
const AUTHORITY_LIFE_MS = 3650 * DAY_MS

/** A certificate and its key, both PEM. */
export interface Keyed {
  readonly cert: string
  readonly key: string
}

export interface Issuing {
  readonly random: Random
  readonly nowMs: number
}

/** A new authority, known to nobody yet. */
export async function makeAuthority({ random, nowMs }: Issuing): Promise<Keyed> {
  const x509 = await loadLibrary()
  const keys = await newKeys()
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(random),
    name: `O=Yiben, CN=Yiben collector authority ${randomHex(random, NAME_BYTES)}`,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + AUTHORITY_LIFE_MS),
    keys,
    signingAlgorithm: SIGNATURE_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(authorityUsages(x509), true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pemOf(cert), key: await keyPem(keys) }
}

/** The certificate of an authority with another one's signature: who knows that one trusts both. */
export async function vouchFor(cert: string, by: Keyed, { random }: Issuing): Promise<string> {
  const x509 = await loadLibrary()
  const vouched = new x509.X509Certificate(cert)
  const issuer = new x509.X509Certificate(by.cert)
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: serial(random),
    subject: vouched.subjectName,
    issuer: issuer.subjectName,
    notBefore: vouched.notBefore,
    notAfter: new Date(Math.min(issuer.notAfter.getTime(), vouched.notAfter.getTime())),
    publicKey: vouched.publicKey,
    signingKey: await signingKey(by.key),
    signingAlgorithm: SIGNATURE_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(authorityUsages(x509), true),
      await x509.SubjectKeyIdentifierExtension.create(vouched.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return pemOf(made)
}

/** A server's certificate for these names and addresses; never valid for longer than its authority. */
export async function issueServer(
  authority: Keyed,
  names: readonly string[],
  { random, nowMs, lifeMs }: Issuing & { readonly lifeMs: number },
): Promise<Keyed> {
  const x509 = await loadLibrary()
  const keys = await newKeys()
  const issuer = new x509.X509Certificate(authority.cert)
  const endMs = Math.min(nowMs + lifeMs, issuer.notAfter.getTime())
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: serial(random),
    subject: 'O=Yiben, CN=Yiben collector',
    issuer: issuer.subjectName,
    notBefore: new Date(Math.max(nowMs - BACKDATED_MS, issuer.notBefore.getTime())),
    notAfter: new Date(endMs),
    publicKey: keys.publicKey,
    signingKey: await signingKey(authority.key),
    signingAlgorithm: SIGNATURE_ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : 'ip', value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { cert: pemOf(made), key: await keyPem(keys) }
}

type Library = typeof import('@peculiar/x509')

/** Costs some megabytes: loaded when it is needed. */
export async function loadLibrary(): Promise<Library> {
  // The library reads types through an interface that is not part of JavaScript yet.
  await import('reflect-metadata')
  return await import('@peculiar/x509')
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])
}

function signingKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  return webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign'])
}

async function keyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function authorityUsages(x509: Library): number {
  return x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
}

function pemOf(cert: { toString(format: 'pem'): string }): string {
  return `${cert.toString('pem').trim()}\n`
}

/** Positive whatever comes. */
function serial(random: Random): string {
  const bytes = Buffer.from(random.bytes(SERIAL_BYTES))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}
