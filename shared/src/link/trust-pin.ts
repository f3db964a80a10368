/**
 * First contact: an enrollment token names the collector's authority by the hash of its public key.
 * The certificates that are shown are looked through for it, on a connection of its own over which
 * nothing is said; what is found is then the only authority that the real connection trusts. Whoever
 * sits in between has no certificate of that key's, and is told nothing.
 */
import { createHash, X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import { AppError, errorSentence } from '../errors.ts'
import { openTunnel, placeOf, servernameOf, type Way } from './tunnel.ts'

/** A chain is three long at most; a longer one is followed no further. */
const CHAIN_LENGTH_MAX = 10

/** SHA-256 over the public key (SPKI, DER) of a certificate: hex. */
export function pinOf(certificate: X509Certificate): string {
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('hex')
}

/**
 * The pinned authority's certificate as the collector shows it, PEM. Throws `collector_untrusted`
 * where it shows none of that key, `connection_failed` where nobody answers.
 */
export async function findPinnedAuthority(way: Way, pin: string): Promise<string> {
  const { host, port } = placeOf(way.url)
  const tunnel = way.proxyUrl === null ? null : await openTunnel(way, way.proxyUrl)
  const chain = await shownChain(way, tunnel)
  const found = chain.filter((certificate) => pinOf(certificate) === pin)
  // During a change of authority the new one is shown as the old one has signed it.
  const anchor = found.find(isSelfSigned) ?? found[0]
  if (anchor !== undefined) return anchor.toString()
  throw new AppError(
    'collector_untrusted',
    `${host}:${port} shows no certificate of the authority that the token names: somebody else answers there, or the authority has been changed since. Ask for a new token.`,
  )
}

/** Signed with its own key, whatever it calls its issuer. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.verify(certificate.publicKey)
}

/** Nothing is trusted here, and nothing said but the handshake of TLS. */
function shownChain(way: Way, tunnel: Socket | null): Promise<readonly X509Certificate[]> {
  const { host, port } = placeOf(way.url)
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(tunnel === null ? { host, port } : { socket: tunnel }),
      servername: servernameOf(host),
      rejectUnauthorized: false,
      timeout: way.timeoutMs,
      ...(way.clientCertificate ?? {}),
    })
    const end = () => {
      socket.destroy()
      tunnel?.destroy()
    }
    socket.once('timeout', () => socket.destroy(new Error('did not answer in time')))
    socket.once('error', (error) => {
      end()
      const sentence = `${host}:${port}: ${errorSentence(error)}`
      reject(new AppError('connection_failed', sentence, { cause: error }))
    })
    socket.once('secureConnect', () => {
      const chain = chainOf(socket)
      end()
      resolve(chain)
    })
  })
}

function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (next?.raw !== undefined && chain.length < CHAIN_LENGTH_MAX) {
    chain.push(new X509Certificate(next.raw))
    // The last one is its own issuer.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate
  }
  return chain
}
