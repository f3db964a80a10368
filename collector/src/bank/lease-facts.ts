/**
 * Reads what the cards of draws have done: placements and open runs by node, and of the runs before
 * only those that no trace holds yet. Traces are a memory of this process, one per live claim; one
 * that is not there is read anew from the beginning of its lease.
 */
import type { Claim, Draw } from '../model/draw.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import { type NodeState, SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { type CardLook, isPromised } from './lease-look.ts'
import { type CardTrace, extendTrace, traceFrom } from './lease-trace.ts'

export type LeaseFactsStore = Pick<Store, 'loadNode' | 'readUnits' | 'readUnitSpan'>

/** Nodes as they were read, and what they have said at once since then. */
export interface SeenNodes {
  readonly states: ReadonlyMap<NodeId, NodeState>
  /** Indexes of units; `all` where the node named none. */
  readonly leftFree: ReadonlyMap<NodeId, ReadonlySet<number> | 'all'>
}

export class LeaseFacts {
  readonly #store: LeaseFactsStore
  /** By draw and ordinal; bounded by the claims that are live. */
  readonly #traces = new Map<string, CardTrace>()

  constructor(store: LeaseFactsStore) {
    this.#store = store
  }

  async readNodes(nodeIds: Iterable<NodeId>): Promise<ReadonlyMap<NodeId, NodeState>> {
    const states = new Map<NodeId, NodeState>()
    for (const nodeId of nodeIds) {
      const state = await this.#store.loadNode(nodeId)
      if (state !== null) states.set(nodeId, state)
    }
    return states
  }

  /** Of the live claims of the draw on those nodes, by ordinal. */
  async cardsOf(draw: Draw, seen: SeenNodes): Promise<ReadonlyMap<number, CardLook>> {
    const cards = new Map<number, CardLook>()
    for (const claim of draw.claims) {
      const key = `${draw.request.drawId} ${claim.ordinal}`
      if (claim.state === 'ended') this.#traces.delete(key)
      const state = claim.nodeId === null ? undefined : seen.states.get(claim.nodeId)
      if (claim.state === 'ended' || claim.unitId === null || state === undefined) continue
      const leftFree = seen.leftFree.get(state.node.nodeId)
      cards.set(claim.ordinal, await this.#card(claim, claim.unitId, { key, state, leftFree }))
    }
    return cards
  }

  async #card(
    claim: Claim,
    unitId: UnitId,
    at: {
      readonly key: string
      readonly state: NodeState
      readonly leftFree: ReadonlySet<number> | 'all' | undefined
    },
  ): Promise<CardLook> {
    const { open, units, silences } = at.state
    const unit = open?.units.find((one) => one.unitId === unitId) ?? null
    const row = await this.#rowOf(unitId, units)
    const recuts = units.filter((one) => {
      return one.parentUnitId === unitId && one.validFromMs > claim.heldAtMs
    })
    const missing = silences.find((silence) => silence.unitId === unitId)
    const toldToMs =
      unit !== null && open !== null
        ? open.timelineEndMs
        : (missing?.fromMs ?? row?.validToMs ?? claim.heldAtMs)
    return {
      unit,
      row,
      recutAtMs: recuts.length === 0 ? null : Math.min(...recuts.map((one) => one.validFromMs)),
      toldToMs,
      trace: await this.#traceOf(claim, unitId, { key: at.key, toldToMs, unit }),
      hasLeftFree:
        unit !== null && (at.leftFree === 'all' || at.leftFree?.has(unit.index) === true),
    }
  }

  /** One that has ended otherwise than by a move is not among those of its node. */
  async #rowOf(unitId: UnitId, units: readonly UnitRow[]): Promise<UnitRow | null> {
    const row = units.find((one) => one.unitId === unitId)
    return row ?? (await this.#store.readUnits(SCOPE_ALL, [unitId]))[0] ?? null
  }

  async #traceOf(
    claim: Claim,
    unitId: UnitId,
    at: Pick<CardLook, 'toldToMs' | 'unit'> & { readonly key: string },
  ): Promise<CardTrace | null> {
    if (!isPromised(claim)) return null
    const { key, toldToMs } = at
    const fromMs = claim.endedAtMs ?? claim.startMs
    const known = this.#traces.get(key)
    const before = known?.fromMs === fromMs ? known : traceFrom(fromMs)
    if (toldToMs <= before.toMs) return before
    const trace = extendTrace(before, await this.#runs(unitId, before.toMs, at), toldToMs)
    this.#traces.set(key, trace)
    return trace
  }

  /** A run that goes on is known without reading. */
  async #runs(
    unitId: UnitId,
    fromMs: number,
    { toldToMs, unit }: Pick<CardLook, 'toldToMs' | 'unit'>,
  ) {
    if (unit !== null && unit.runStartMs <= fromMs) {
      return [{ startMs: unit.runStartMs, endMs: toldToMs, code: unit.runCode }]
    }
    const range = { fromMs, toMs: toldToMs, knownAtMs: Number.MAX_SAFE_INTEGER }
    return (await this.#store.readUnitSpan(SCOPE_ALL, unitId, range))?.runs ?? []
  }
}
