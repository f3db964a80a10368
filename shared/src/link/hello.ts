/** Who is calling: the hello of a node, put together from what it is and what its spool holds. */
import type { KeyPair } from '../algorithms.ts'
import type { SpoolState } from '../spool/spool.ts'
import type { Hello, LinkRole } from '../wire/messages.ts'
import { WIRE_VERSION } from '../wire/version.ts'
import type { LinkMemory } from './memory.ts'

/** What a node is, the same for every connection of a process. */
export interface NodeIdentity {
  readonly role: LinkRole
  readonly nodeKeys: KeyPair
  /** Keyed digest of the hardware, hex. */
  readonly fingerprint: string
  readonly bootId: string
  readonly programVersion: string
  readonly capabilities: readonly string[]
  /** Only for the first contact. */
  readonly enrollment: {
    /** Hex. */
    readonly tokenId: string
    readonly secret: Uint8Array
    readonly nodeName: string
  } | null
}

export function buildHello(
  identity: NodeIdentity,
  instance: string,
  spool: SpoolState,
  memory: LinkMemory,
): Hello {
  return {
    wireVersion: WIRE_VERSION,
    role: identity.role,
    capabilities: identity.capabilities,
    programVersion: identity.programVersion,
    algorithm: identity.nodeKeys.algorithm,
    nodeKey: identity.nodeKeys.publicKey,
    fingerprint: identity.fingerprint,
    instance,
    epoch: spool.epoch,
    previousEpoch: spool.previousEpoch,
    bootId: identity.bootId,
    lastSeq: spool.lastSeq,
    ackedSeq: spool.ackedSeq,
    ackedHash: spool.ackedHash,
    joinState: memory.joinState,
    enrollTokenId: identity.enrollment?.tokenId ?? null,
    nodeName: identity.enrollment?.nodeName ?? null,
    ledgerGeneration: memory.ledgerGeneration,
  }
}
