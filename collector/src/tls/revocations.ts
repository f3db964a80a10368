/**
 * The file of `tls.client_crl`: which certificates of agents the authorities of `tls.client_ca` have
 * taken back. OpenSSL refuses with it at each handshake; what is open already is judged here.
 *
 * Promises: a list that nobody of `tls.client_ca` has signed, and an authority without a list, are
 * refused by name: OpenSSL would turn everybody away for either.
 */
import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { AppError, errorSentence } from '@yiben/shared'
import { loadLibrary } from './issue.ts'
import { certificatesIn, readPem } from './pem.ts'

const OPTION = 'tls.client_crl'
const LIST = /-----BEGIN X509 CRL-----[\s\S]*?-----END X509 CRL-----/g

export interface RevocationLists {
  /** One each. */
  readonly pems: readonly string[]
  /** From when on the first of them is too old, and every link is refused; `null`: never. */
  readonly endMs: number | null
  isRevoked(certificate: X509Certificate): boolean
}

interface ReadList {
  readonly authority: X509Certificate
  readonly serials: ReadonlySet<string>
  readonly endMs: number
}

export class RevocationFile {
  readonly #file: string | null
  #read: { readonly text: string; readonly lists: RevocationLists } | null = null

  /** `null`: nothing is looked up. */
  constructor(file: string | null) {
    this.#file = file
  }

  /** Throws `config_unreadable`, `config_invalid`. */
  async read(clientCa: string | null): Promise<RevocationLists | null> {
    if (this.#file === null || clientCa === null) return null
    const pem = readPem(this.#file, OPTION)
    const text = clientCa + pem
    // A long list takes a while to be read, and is looked at every few seconds.
    if (this.#read?.text !== text) {
      this.#read = { text, lists: await listsOf(pem, clientCa, this.#file) }
    }
    return this.#read.lists
  }
}

/** Connections by which a client has shown a certificate. */
export class ShownCertificates {
  readonly #sockets = new Set<TLSSocket>()

  /** `lists`: as they are now; while it shook hands they may have been others. */
  add(socket: TLSSocket, lists: RevocationLists | null): void {
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return
    // Who was not taken has nothing open but the way to be told so.
    if (socket.authorized && lists?.isRevoked(certificate) === true) {
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  /** Ends those whose certificate has been taken back; how many. */
  end(lists: RevocationLists): number {
    const revoked = [...this.#sockets].filter((socket) => {
      const certificate = socket.getPeerX509Certificate()
      return certificate !== undefined && lists.isRevoked(certificate)
    })
    for (const socket of revoked) socket.destroy()
    return revoked.length
  }
}

async function listsOf(pem: string, clientCa: string, file: string): Promise<RevocationLists> {
  const authorities = certificatesIn(clientCa, file, OPTION)
  const pems = pem.match(LIST) ?? []
  const lists = await Promise.all(pems.map((one) => listOf(one, authorities, file)))
  for (const { subject } of authorities.filter(
    (authority) => !lists.some((list) => list.authority === authority),
  )) {
    const sentence = `${OPTION}: ${file} holds no list of ${subject.replaceAll('\n', ', ')}`
    throw new AppError('config_invalid', sentence)
  }
  const endMs = Math.min(...lists.map((list) => list.endMs))
  return {
    pems,
    endMs: Number.isFinite(endMs) ? endMs : null,
    isRevoked: (certificate) =>
      lists.some(
        ({ authority, serials }) =>
          certificate.checkIssued(authority) && serials.has(serialOf(certificate.serialNumber)),
      ),
  }
}

async function listOf(
  pem: string,
  authorities: readonly X509Certificate[],
  file: string,
): Promise<ReadList> {
  const x509 = await loadLibrary()
  try {
    const list = new x509.X509Crl(pem)
    for (const authority of authorities) {
      const publicKey = new x509.X509Certificate(authority.raw)
      if (!(list.issuer === publicKey.subject && (await list.verify({ publicKey })))) continue
      const serials = new Set(list.entries.map(({ serialNumber }) => serialOf(serialNumber)))
      return { authority, serials, endMs: list.nextUpdate?.getTime() ?? Number.POSITIVE_INFINITY }
    }
  } catch (error) {
    const sentence = `${OPTION}: ${file} holds what is no list: ${errorSentence(error)}`
    throw new AppError('config_invalid', sentence, { cause: error })
  }
  const sentence = `${OPTION}: ${file} holds a list that no authority of tls.client_ca has signed`
  throw new AppError('config_invalid', sentence)
}

/** One writes capitals, the other a zero in front. */
function serialOf(hex: string): string {
  return hex.toLowerCase().replace(/^0+/, '')
}
