/**
 * By what the collector knows a unit. Strong ids name the silicon and go as they come; weak ones
 * (board, slot) name a place in one node, so they are prefixed by the node and never meet those of
 * another. A card that no tool could identify is known by its place among its like in the node.
 */
import { IDENTITY_STRENGTHS, type Identity, labelledHash, type UnitFacts } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'

/** A unit of a facts record with its ids as the ledger keeps them, strongest first. */
export interface KeyedUnit {
  readonly unit: UnitFacts
  readonly identities: readonly Identity[]
  /** Ids that another unit of the same facts had shown before; they are left out. */
  readonly refusedDuplicates: number
}

/** The number of ids made here, of which no key knows anything. */
const NO_KEY = 0

export function keyUnits(nodeId: NodeId, units: readonly UnitFacts[]): readonly KeyedUnit[] {
  const seen = new Set<string>()
  const unidentified = new Map<string, number>()
  return units.map((unit) => {
    const all = unit.identities.map((identity) => scoped(nodeId, identity)).sort(strongestFirst)
    const own = all.filter((identity) => !seen.has(identityText(identity)))
    for (const identity of own) seen.add(identityText(identity))
    const refusedDuplicates = all.length - own.length
    if (own.length > 0) return { unit, identities: own, refusedDuplicates }
    const kind = `${unit.vendor}/${unit.kind}/${unit.parentIndex ?? ''}`
    const place = unidentified.get(kind) ?? 0
    unidentified.set(kind, place + 1)
    return { unit, identities: [placeIdentity(nodeId, kind, place)], refusedDuplicates }
  })
}

/** Distinguishes ids of different keys that happen to hash alike. */
export function identityText(identity: Pick<Identity, 'keyNumber' | 'hash'>): string {
  return `${identity.keyNumber}:${identity.hash}`
}

function scoped(nodeId: NodeId, identity: Identity): Identity {
  if (identity.strength === 'strong') return identity
  const hash = labelledHash('yiben.weak-identity.v1', nodeId, Buffer.from(identity.hash, 'hex'))
  return { ...identity, hash: Buffer.from(hash).toString('hex') }
}

function placeIdentity(nodeId: NodeId, kind: string, place: number): Identity {
  const hash = labelledHash('yiben.unidentified.v1', nodeId, kind, place)
  return { keyNumber: NO_KEY, hash: Buffer.from(hash).toString('hex'), strength: 'slot' }
}

function strongestFirst(left: Identity, right: Identity): number {
  return IDENTITY_STRENGTHS.indexOf(left.strength) - IDENTITY_STRENGTHS.indexOf(right.strength)
}
