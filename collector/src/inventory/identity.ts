/**
 * Decides which accelerator each unit of a facts record is: it goes on here, it has come from
 * another node (a move, C5), it is new, or it is claimed by two nodes at once (a conflict). One
 * accelerator, one node, counted once. Pure: facts and the ledger's claims in, a decision out.
 *
 *   - a unit is known by its strongest id; weak ids are scoped to the node and never conflict
 *   - the same id last proven elsewhere before it is first proven here: moved, the old placement is
 *     booked up to the first proof here, or up to where its node has told unknown time of it by
 *     then (no instant is booked twice); proven elsewhere after that: conflict, the first claim
 *     keeps counting
 *   - what the node no longer shows is missing from the end of its timeline on; parts of a card
 *     that is cut otherwise have ended there, where the new parts begin (C6)
 */
import {
  assert,
  IDENTITY_STRENGTHS,
  type Identity,
  type IdentityStrength,
  type NodeFacts,
  runCode,
} from '@yiben/shared'
import type { AcceleratorId, NodeId, UnitId } from '../model/ids.ts'
import type { IdentityClaim, UnitRow } from '../model/inventory.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { Silence } from '../model/timeline.ts'
import type { AdmitUnit, FactsCommit } from '../storage/requests.ts'
import { identityText, type KeyedUnit, keyUnits } from './identity-key.ts'

export interface IdentityInput {
  readonly nodeId: NodeId
  readonly facts: NodeFacts
  /** End of what is booked for this node: its placements end and begin nowhere before. */
  readonly edgeMs: number
  readonly nowMs: number
  /** Of this node: current ones, and those that moved away. */
  readonly units: readonly UnitRow[]
  /** Not ended; of this node and of the nodes that `claims` name. */
  readonly silences: readonly Silence[]
  readonly claims: readonly IdentityClaim[]
}

/** The part of a facts commit that identity decides. */
export type IdentityDecision = Pick<
  FactsCommit,
  'units' | 'ended' | 'silencesBegun' | 'silencesEnded' | 'conflicts' | 'expectedClaims' | 'outbox'
>

const MISSING = runCode('unknown/missing')

/** The ids to read claims of, before deciding. */
export function identitiesToRead(nodeId: NodeId, facts: NodeFacts): readonly Identity[] {
  return keyUnits(nodeId, facts.units).flatMap((unit) => unit.identities)
}

export function decideIdentities(input: IdentityInput): IdentityDecision {
  return new Decision(input).decide()
}

type Ended = FactsCommit['ended'][number]

/** What became of one unit of the facts. */
interface Placed {
  readonly acceleratorId: AcceleratorId | null
  /** The placement that goes on; `null` for a new one. */
  readonly row: UnitRow | null
  /** Where a new one begins. */
  readonly fromMs: number
}

class Decision {
  readonly #input: IdentityInput
  readonly #claims: ReadonlyMap<string, IdentityClaim>
  readonly #current: ReadonlyMap<UnitId, UnitRow>
  /** First proof of what is new here. */
  readonly #firstProofMs: number
  readonly #units: AdmitUnit[] = []
  readonly #ended: Ended[] = []
  readonly #conflicts: FactsCommit['conflicts'][number][] = []
  readonly #silencesBegun: FactsCommit['silencesBegun'][number][] = []
  readonly #silencesEnded: FactsCommit['silencesEnded'][number][] = []
  readonly #expectedClaims: FactsCommit['expectedClaims'][number][] = []
  readonly #outbox: OutboxEntry[] = []
  /** Placements of this node that the facts speak of. */
  readonly #spokenOf = new Set<UnitId>()
  readonly #takenAccelerators = new Set<AcceleratorId>()

  constructor(input: IdentityInput) {
    this.#input = input
    this.#claims = new Map(input.claims.map((claim) => [identityText(claim.identity), claim]))
    this.#current = new Map(
      input.units.filter((row) => row.validToMs === null).map((row) => [row.unitId, row]),
    )
    this.#firstProofMs = Math.max(input.facts.atMs, input.edgeMs)
  }

  decide(): IdentityDecision {
    const keyed = keyUnits(this.#input.nodeId, this.#input.facts.units)
    // Cards first: whether a part goes on depends on what became of its card.
    const placed = new Map<number, Placed>()
    for (const unit of keyed) if (unit.unit.kind === 'card') this.#place(unit, placed)
    for (const unit of keyed) if (unit.unit.kind !== 'card') this.#place(unit, placed)
    for (const unit of keyed) this.#admit(unit, placed)
    this.#endUnspoken()
    return {
      units: this.#units,
      ended: this.#ended,
      silencesBegun: this.#silencesBegun,
      silencesEnded: this.#silencesEnded,
      conflicts: this.#conflicts,
      expectedClaims: this.#expectedClaims,
      outbox: this.#outbox,
    }
  }

  #place(keyed: KeyedUnit, placed: Map<number, Placed>): void {
    const claim = this.#claimOf(keyed)
    for (const identity of keyed.identities) this.#expect(identity)
    const { unit } = keyed
    const own = claim === null ? null : this.#ownRow(claim.acceleratorId)
    const parent = unit.parentIndex === null ? null : placed.get(unit.parentIndex)
    if (own !== null && isSameUnit(own, keyed, parent ?? null)) {
      this.#spokenOf.add(own.unitId)
      this.#endMissing(own.unitId, this.#input.edgeMs)
      const fromMs = own.validFromMs
      placed.set(unit.index, { acceleratorId: own.acceleratorId, row: own, fromMs })
    } else {
      const movedMs = own === null && claim !== null ? this.#takeOver(claim, unit.index) : null
      // A part of a card that was here before begins where the parts before it ended.
      const partFromMs = parent?.row ? this.#input.edgeMs : (parent?.fromMs ?? this.#firstProofMs)
      const fromMs = Math.max(partFromMs, movedMs ?? partFromMs)
      placed.set(unit.index, { acceleratorId: claim?.acceleratorId ?? null, row: null, fromMs })
    }
    if (claim !== null) this.#takenAccelerators.add(claim.acceleratorId)
  }

  /**
   * By the strongest id. A card that was known by a weak id only and now shows a strong one, which
   * nobody knows, is the same card; one with another strong id in the same place is not.
   */
  #claimOf(keyed: KeyedUnit): IdentityClaim | null {
    const [key, ...weaker] = keyed.identities
    assert(key !== undefined, 'every unit has an id, if only its place')
    const claim = this.#claims.get(identityText(key)) ?? null
    if (claim !== null) return this.#takenAccelerators.has(claim.acceleratorId) ? null : claim
    for (const identity of weaker) {
      const other = this.#claims.get(identityText(identity))
      if (other === undefined || this.#takenAccelerators.has(other.acceleratorId)) continue
      if (other.unit !== null && isWeaker(other.unit.strongestIdentity, key.strength)) return other
    }
    return null
  }

  /**
   * This node's own placement of an accelerator: also where another claim is the one that counts,
   * and where it had moved away but these facts are from before that.
   */
  #ownRow(acceleratorId: AcceleratorId): UnitRow | null {
    const rows = this.#input.units.filter((row) => row.acceleratorId === acceleratorId)
    const current = rows.find((row) => row.validToMs === null)
    if (current !== undefined) return current
    const isFromBefore = (row: UnitRow) =>
      row.validToReason === 'moved' && this.#firstProofMs < (row.bookedToMs ?? 0)
    return rows.findLast(isFromBefore) ?? null
  }

  /**
   * The id is known, and not from this node: it has come here, or it is in two places. Answers the
   * instant of the move, `null` where nothing moved.
   */
  #takeOver(claim: IdentityClaim, index: number): number | null {
    const { unit, acceleratorId } = claim
    if (unit === null || unit.nodeId === this.#input.nodeId) return null
    const validToMs = Math.max(claim.provenToMs ?? unit.validFromMs, unit.validFromMs)
    if (claim.provenToMs !== null && validToMs > this.#firstProofMs) {
      const fromMs = Math.max(this.#firstProofMs, unit.validFromMs)
      this.#conflicts.push({ acceleratorId, keptUnitId: unit.unitId, otherIndex: index, fromMs })
      this.#outbox.push(
        this.#entry('conflict_opened', {
          accelerator_id: acceleratorId,
          kept_unit_id: unit.unitId,
          kept_node_id: unit.nodeId,
          other_node_id: this.#input.nodeId,
          from_ms: fromMs,
        }),
      )
      return null
    }
    // What is told of tomorrow takes nothing from the other node: it is heard again from now on.
    const takenMs = Math.min(this.#firstProofMs, this.#input.nowMs)
    const movedMs = Math.max(takenMs, claim.toldToMs ?? validToMs, validToMs)
    this.#end(unit, { validToMs, bookedToMs: movedMs, reason: 'moved' })
    this.#endMissing(unit.unitId, movedMs)
    // Nor does a placement of tomorrow, which holds no time, keep the card from whoever shows it now.
    return claim.toldToMs === null ? takenMs : movedMs
  }

  #admit(keyed: KeyedUnit, placed: ReadonlyMap<number, Placed>): void {
    const { unit, identities } = keyed
    const place = placed.get(unit.index)
    assert(place !== undefined, 'every unit has been placed')
    const { acceleratorId, row, fromMs } = place
    const admit: AdmitUnit = {
      index: unit.index,
      kind: unit.kind,
      parentIndex: unit.parentIndex,
      profile: {
        vendor: unit.vendor,
        name: unit.name,
        memoryTotalMib: unit.memoryTotalMib,
        powerCapWatts: unit.powerCapWatts,
      },
      sharePpm: unit.sharePpm,
      driverVersion: unit.driverVersion,
      identities,
      acceleratorId,
      unitId: row?.unitId ?? null,
      validFromMs: fromMs,
    }
    this.#units.push(admit)
    if (row !== null) return
    this.#outbox.push(
      this.#entry('unit_admitted', {
        index: unit.index,
        accelerator_id: acceleratorId,
        identity: identities[0]?.hash ?? '',
        identity_strength: identities[0]?.strength ?? '',
        unit_kind: unit.kind,
        vendor: unit.vendor,
        name: unit.name,
        share_ppm: unit.sharePpm,
        valid_from_ms: admit.validFromMs,
      }),
    )
  }

  /** What this node has and the facts do not name: cut otherwise, or missing. */
  #endUnspoken(): void {
    const { edgeMs, nodeId, nowMs, silences } = this.#input
    for (const row of this.#current.values()) {
      if (this.#spokenOf.has(row.unitId)) continue
      const isReplaced = this.#units.some((unit) => unit.acceleratorId === row.acceleratorId)
      const isRecut = row.parentUnitId !== null && this.#spokenOf.has(row.parentUnitId)
      if (isReplaced || isRecut) {
        const toMs = Math.max(edgeMs, row.validFromMs)
        const reason = isRecut || row.kind !== 'card' ? 'recut' : 'replaced'
        this.#end(row, { validToMs: toMs, bookedToMs: toMs, reason })
        this.#endMissing(row.unitId, toMs)
        continue
      }
      if (silences.some((silence) => silence.unitId === row.unitId)) continue
      const fromMs = Math.max(edgeMs, row.validFromMs)
      const span = { fromMs, toMs: null, code: MISSING, declaredAtMs: nowMs }
      this.#silencesBegun.push({ nodeId, unitId: row.unitId, ...span })
    }
  }

  #end(row: UnitRow, end: Omit<Ended, 'unitId'>): void {
    this.#ended.push({ unitId: row.unitId, ...end })
    this.#outbox.push(
      this.#entry('unit_ended', {
        unit_id: row.unitId,
        accelerator_id: row.acceleratorId,
        ended_on_node_id: row.nodeId,
        reason: end.reason,
        valid_to_ms: end.validToMs,
        booked_to_ms: end.bookedToMs,
      }),
    )
  }

  #endMissing(unitId: UnitId, toMs: number): void {
    for (const silence of this.#input.silences) {
      if (silence.unitId !== unitId) continue
      this.#silencesEnded.push({
        silenceId: silence.silenceId,
        toMs: Math.max(toMs, silence.fromMs),
      })
    }
  }

  #expect(identity: Identity): void {
    const { keyNumber, hash } = identity
    const unitId = this.#claims.get(identityText(identity))?.unit?.unitId ?? null
    this.#expectedClaims.push({ keyNumber, hash, unitId })
  }

  #entry(kind: OutboxEntry['kind'], payload: OutboxEntry['payload']): OutboxEntry {
    return { kind, atMs: this.#input.nowMs, payload: { node_id: this.#input.nodeId, ...payload } }
  }
}

function isWeaker(known: IdentityStrength | null, than: IdentityStrength): boolean {
  if (known === null) return true
  return IDENTITY_STRENGTHS.indexOf(known) > IDENTITY_STRENGTHS.indexOf(than)
}

/** The same placement goes on unless the card is cut otherwise or another stands in its place. */
function isSameUnit(row: UnitRow, keyed: KeyedUnit, parent: Placed | null): boolean {
  const { unit, identities } = keyed
  if (row.kind !== unit.kind || row.sharePpm !== unit.sharePpm) return false
  if (unit.parentIndex !== null && row.parentUnitId !== (parent?.row?.unitId ?? null)) return false
  // A place keeps its id when another card is put in; a strong id would have told.
  const isWeak = identities[0]?.strength !== 'strong' && row.strongestIdentity !== 'strong'
  const { vendor, name } = row.profile
  return !isWeak || (vendor === unit.vendor && name === unit.name)
}
