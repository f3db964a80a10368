/**
 * What a server shows of itself, put together from files: the chain and the key that TLS takes, the
 * authorities that nodes are told to trust for it, and the pin that enrollment tokens carry.
 */
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { AppError, isSelfSigned, parseJson, pinOf, readIfThere, writeWhole } from '@yiben/shared'
import { z } from 'zod'
import type { TlsConfig } from '../config/tls-options.ts'
import { type AuthorityState, tlsFolder } from './authority-file.ts'
import { type Issuing, issueServer, type Keyed } from './issue.ts'
import { certificatesIn, checkKey, isKeyOf, joinPem, readPem } from './pem.ts'

const SERVER_FILE = 'server.json'
/** Certificates that are looked at no further: what is told to nodes is bounded by the wire. */
const ROOTS_MAX = 4

export interface Shown {
  /** Chain, the server's certificate first; PEM. */
  readonly cert: string
  readonly key: string
  /** PEM, one each; none: nodes trust whom they trust anyway. */
  readonly roots: readonly string[]
  /** Of the authority at the top of the chain; `null`: it is not in it. */
  readonly pin: string | null
  readonly endMs: number
  /** Of the authority, where it is known. */
  readonly authorityEndMs: number | null
  /** PEM; `null`: nobody has to show a certificate. */
  readonly clientCa: string | null
}

const issuedSchema = z.strictObject({
  cert: z.string(),
  key: z.string(),
  names: z.array(z.string()),
  issuedAtMs: z.int(),
  lifeMs: z.int(),
})
type Issued = z.infer<typeof issuedSchema>

/** Of files that people put there. Throws `config_unreadable`, `config_invalid`. */
export function shownOfFiles(config: Extract<TlsConfig, { readonly mode: 'files' }>): Shown {
  const { certFile, keyFile } = config
  const cert = readPem(certFile, 'tls.cert')
  const key = readPem(keyFile, 'tls.key')
  const chain = certificatesIn(cert, certFile, 'tls.cert')
  checkKey({ chain, cert, key, certFile, keyFile })
  const top = chain.at(-1)
  const authority = top !== undefined && isSelfSigned(top) ? top : null
  const given = rootsOf(config)
  const roots = authority === null ? given : [authority, ...given]
  if (top !== undefined && given.length > 0 && !roots.some((root) => isUnder(top, root))) {
    const sentence =
      'tls.roots: none of its authorities vouches for tls.cert: nodes that trust only them would not come back'
    throw new AppError('config_invalid', sentence)
  }
  return {
    cert,
    key,
    roots: roots.map(String),
    pin: authority === null ? null : pinOf(authority),
    ...endsOf(chain[0], authority),
    clientCa: clientCaOf(config),
  }
}

/** Of the collector's own authority: a certificate that is due, or lacks a name, is made anew. */
export async function shownOfOwn(options: {
  readonly config: Extract<TlsConfig, { readonly mode: 'own' }>
  readonly dataDir: string
  readonly state: AuthorityState
  readonly names: readonly string[]
  readonly issuing: Issuing
  readonly onIssued: (names: readonly string[]) => void
}): Promise<Shown> {
  const { config, dataDir, state, names, issuing } = options
  const { current, next, previous } = state
  const path = join(tlsFolder(dataDir), SERVER_FILE)
  let issued = readIssued(path)
  if (issued === null || !isGood(issued, { ...options, authority: current })) {
    const made = await issueServer(current, names, { ...issuing, lifeMs: config.lifeMs })
    const facts = { names: [...names], issuedAtMs: issuing.nowMs, lifeMs: config.lifeMs }
    issued = { ...made, ...facts }
    writeWhole(path, `${JSON.stringify(issued, null, 2)}\n`)
    options.onIssued(names)
  }
  const others = [next?.cert, previous?.cert].filter((pem) => pem !== undefined)
  const above = previous === null ? [current.cert] : [previous.vouched, previous.cert]
  const authority = new X509Certificate(current.cert)
  return {
    cert: [issued.cert, ...above].join(''),
    key: issued.key,
    roots: [current.cert, ...others, ...rootsOf(config).map(String)],
    pin: pinOf(authority),
    ...endsOf(new X509Certificate(issued.cert), authority),
    clientCa: clientCaOf(config),
  }
}

function readIssued(path: string): Issued | null {
  const text = readIfThere(path)
  if (text === null) return null
  const parsed = issuedSchema.safeParse(parseJson(text))
  // Nothing is lost with it: another one is made.
  return parsed.success ? parsed.data : null
}

function isGood(
  issued: Issued,
  {
    authority,
    config,
    issuing: { nowMs },
    names,
  }: {
    readonly authority: Keyed
    readonly config: { readonly lifeMs: number }
    readonly issuing: Issuing
    readonly names: readonly string[]
  },
): boolean {
  try {
    const certificate = new X509Certificate(issued.cert)
    const halfMs = issued.issuedAtMs + (certificate.validToDate.getTime() - issued.issuedAtMs) / 2
    return (
      isUnder(certificate, new X509Certificate(authority.cert)) &&
      isKeyOf(issued.key, certificate) &&
      nowMs < halfMs &&
      issued.lifeMs === config.lifeMs &&
      names.every((name) => issued.names.includes(name))
    )
  } catch {
    return false
  }
}

function endsOf(certificate: X509Certificate | undefined, authority: X509Certificate | null) {
  return {
    endMs: certificate?.validToDate.getTime() ?? 0,
    authorityEndMs: authority?.validToDate.getTime() ?? null,
  }
}

/** The same certificate, or one that the other has signed. */
function isUnder(certificate: X509Certificate, authority: X509Certificate): boolean {
  if (certificate.raw.equals(authority.raw)) return true
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

function rootsOf({ rootsFile }: TlsConfig): readonly X509Certificate[] {
  if (rootsFile === null) return []
  const pem = readPem(rootsFile, 'tls.roots')
  const roots = certificatesIn(pem, rootsFile, 'tls.roots')
  if (roots.length <= ROOTS_MAX) return roots
  const sentence = `tls.roots: ${rootsFile} holds more than ${ROOTS_MAX} authorities`
  throw new AppError('config_invalid', sentence)
}

function clientCaOf({ clientCaFile }: TlsConfig): string | null {
  if (clientCaFile === null) return null
  const pem = readPem(clientCaFile, 'tls.client_ca')
  return joinPem(certificatesIn(pem, clientCaFile, 'tls.client_ca'))
}
