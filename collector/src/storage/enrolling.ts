/**
 * Whom a token admits, decided from what is known of token and key; and the row and the entry of who is
 * admitted anew. Pure: each store looks up, decides and writes in one transaction.
 */
import { BlockList, isIP } from 'node:net'
import { assert } from '@yiben/shared'
import type { ChildRow } from '../model/child.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { NodeRow } from '../model/node.ts'
import type { EnrollChildRequest } from './children-store.ts'
import type { TokenRow } from './requests.ts'
import type { EnrollRequest, EnrollResult } from './session-requests.ts'

/** Whoever has the key already, and by which token. */
export interface KnownPeer<Peer> {
  readonly peer: Peer
  readonly enrolledBy: string
}

export type EnrollJudgement<Peer> =
  /** It stays what it is, and no use of the token is taken. */
  | { readonly status: 'enrolled'; readonly peer: Peer }
  | { readonly status: 'new'; readonly token: TokenRow }
  | { readonly status: Exclude<EnrollResult['status'], 'enrolled'> }

/** Refusals in this order; a retry with the same key and token comes before the token's limits. */
export function judgeEnrollment<Peer extends { readonly status: 'active' | 'revoked' }>(options: {
  readonly kind: TokenRow['kind']
  readonly request: Pick<EnrollRequest, 'tokenId' | 'secretHash' | 'remoteAddress' | 'nowMs'>
  readonly token: TokenRow | null
  readonly known: KnownPeer<Peer> | null
}): EnrollJudgement<Peer> {
  const { kind, known, request, token } = options
  if (token === null || token.kind !== kind || token.secretHash !== request.secretHash) {
    return { status: 'token_unknown' }
  }
  if (known?.peer.status === 'revoked') return { status: 'node_revoked' }
  if (known?.enrolledBy === request.tokenId) return { status: 'enrolled', peer: known.peer }
  if (token.revokedAtMs !== null) return { status: 'token_revoked' }
  if (token.expiresAtMs <= request.nowMs) return { status: 'token_expired' }
  if (!isAddressAllowed(token.cidr, request.remoteAddress)) return { status: 'token_address' }
  if (token.usesLeft !== null && token.usesLeft <= 0) return { status: 'token_used_up' }
  // It came by another token before.
  if (known !== null) return { status: 'enrolled', peer: known.peer }
  return { status: 'new', token }
}

export function newNode(
  request: EnrollRequest,
  token: TokenRow,
): { readonly node: NodeRow; readonly entry: OutboxEntry } {
  assert(token.siteCode !== null, 'an enrollment token names its site')
  const node: NodeRow = {
    ...admitted(request),
    nodeId: request.nodeId,
    name: request.nodeName,
    siteCode: token.siteCode,
  }
  const payload = {
    node_id: node.nodeId,
    node_name: node.name,
    site_code: node.siteCode,
    token_id: request.tokenId,
    algorithm: node.algorithm,
    public_key: node.publicKey,
  }
  return { node, entry: { kind: 'node_enrolled', atMs: request.nowMs, payload } }
}

export function newChild(
  request: EnrollChildRequest,
  token: TokenRow,
): { readonly child: ChildRow; readonly entry: OutboxEntry } {
  const child: ChildRow = {
    ...admitted(request),
    childId: request.childId,
    name: token.childName ?? request.childId,
    regionCode: token.regionCode,
    isOneWay: false,
  }
  const payload = {
    child_id: child.childId,
    name: child.name,
    region_code: child.regionCode,
    token_id: request.tokenId,
    algorithm: child.algorithm,
    public_key: child.publicKey,
  }
  return { child, entry: { kind: 'child_enrolled', atMs: request.nowMs, payload } }
}

/** What a node and a child have in common as they come in. */
function admitted(request: EnrollRequest | EnrollChildRequest) {
  return {
    algorithm: request.algorithm,
    publicKey: request.publicKey,
    fingerprint: request.fingerprint,
    joinState: request.joinState,
    previousJoinState: request.joinState,
    status: 'active',
    enrolledAtMs: request.nowMs,
  } as const
}

/** Whether `address` lies in `cidr` (`10.0.0.0/8`, or a single address); no range allows all. */
export function isAddressAllowed(cidr: string | null, address: string): boolean {
  if (cidr === null) return true
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const [network = '', bits] = cidr.split('/')
  const family = isIP(network)
  if (family === 0 || isIP(plain) !== family) return false
  const width = family === 4 ? 32 : 128
  const prefix = bits === undefined ? width : Number(bits)
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > width) return false
  const name = family === 4 ? 'ipv4' : 'ipv6'
  const allowed = new BlockList()
  allowed.addSubnet(network, prefix, name)
  return allowed.check(plain, name)
}
