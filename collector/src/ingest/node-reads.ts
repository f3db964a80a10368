/** What a lane reads of its node and of others; each read waits out a store that cannot answer. */
import { hourStartMs } from '@yiben/shared'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { Silence } from '../model/timeline.ts'
import { type IngestCommit, type NodeState, SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import type { FoldState, LateProof } from '../timeline/fold-state.ts'
import type { Frontier } from './batch.ts'
import type { StoreGuard } from './store-guard.ts'

export type NodeReadsStore = Pick<Store, 'loadNode' | 'readUnitHours' | 'findUnits'>

export interface LateConflicts {
  readonly rows: IngestCommit['conflicts']
  readonly outbox: readonly OutboxEntry[]
  /** Nodes with the other claims. */
  readonly nodeIds: Set<NodeId>
}

export class NodeReads {
  readonly #store: NodeReadsStore
  readonly #guard: StoreGuard
  readonly #isWanted: () => boolean

  constructor(store: NodeReadsStore, guard: StoreGuard, isWanted: () => boolean) {
    this.#store = store
    this.#guard = guard
    this.#isWanted = isWanted
  }

  /** The node as its next record finds it; `null` when another epoch has begun. */
  async loadState(
    nodeId: NodeId,
    epoch: string,
  ): Promise<{ readonly state: FoldState; readonly frontier: Frontier } | null> {
    const loaded = await this.#read(() => this.#store.loadNode(nodeId))
    if (loaded === null || loaded.epoch?.epoch !== epoch || loaded.epoch.isClosed) return null
    const { watermark, watermarkHash } = loaded.epoch
    // Empty before the first record, when only the anchor of an epoch has been written.
    const hash = watermarkHash === null || watermarkHash === '' ? null : watermarkHash
    const keys = hoursToRead(loaded)
    const hours = keys.length === 0 ? [] : await this.#read(() => this.#store.readUnitHours(keys))
    const { open, placements, units, silences } = loaded
    return {
      state: { nodeId, open, facts: foldFactsOf(loaded), placements, units, silences, hours },
      frontier: { seq: watermark, hash: hash === null ? null : Buffer.from(hash, 'hex') },
    }
  }

  /** Cards that these nodes no longer show. */
  async silencesOf(nodeIds: ReadonlySet<NodeId>): Promise<readonly Silence[]> {
    const all: Silence[] = []
    for (const nodeId of nodeIds) {
      const state = await this.#read(() => this.#store.loadNode(nodeId))
      all.push(...(state?.silences.filter((silence) => silence.unitId !== null) ?? []))
    }
    return all
  }

  /**
   * The other claims of each accelerator that was proven here after it had moved away (C5): of the
   * node that has it now, and of those it was at meanwhile, whose time would count beside this one's.
   */
  async conflictsOf(
    nodeId: NodeId,
    lateProofs: readonly LateProof[],
    nowMs: number,
  ): Promise<LateConflicts> {
    const rows: IngestCommit['conflicts'][number][] = []
    const outbox: OutboxEntry[] = []
    const nodeIds = new Set<NodeId>()
    for (const { acceleratorId, unitId, fromMs } of lateProofs) {
      const units = await this.#read(() => this.#store.findUnits(SCOPE_ALL, acceleratorId))
      for (const other of claimsSince(fromMs, units, nodeId)) {
        const otherUnitId = other.unitId
        rows.push({ acceleratorId, keptUnitId: unitId, otherUnitId, fromMs, openedAtMs: nowMs })
        nodeIds.add(other.nodeId)
        const payload = {
          accelerator_id: acceleratorId,
          kept_unit_id: unitId,
          kept_node_id: nodeId,
          other_unit_id: otherUnitId,
          other_node_id: other.nodeId,
          from_ms: fromMs,
        }
        outbox.push({ kind: 'conflict_opened', atMs: nowMs, payload })
      }
    }
    return { rows, outbox, nodeIds }
  }

  #read<Result>(read: () => Promise<Result>): Promise<Result> {
    return this.#guard.run(read, this.#isWanted)
  }
}

/** Placements elsewhere that reach beyond `fromMs`; the last one where none does. */
function claimsSince(fromMs: number, units: readonly UnitRow[], nodeId: NodeId): UnitRow[] {
  const elsewhere = units.filter((unit) => unit.nodeId !== nodeId)
  const since = elsewhere.filter(
    ({ bookedToMs, validToMs }) => validToMs === null || (bookedToMs ?? validToMs) > fromMs,
  )
  return since.length > 0 ? since : elsewhere.slice(-1)
}

function foldFactsOf({ facts, factsEpoch }: NodeState): FoldState['facts'] {
  if (facts === null || factsEpoch === null) return null
  return { epoch: factsEpoch, revision: facts.revision, bootId: facts.bootId }
}

/** Placements outside the open row may have begun an hour before: shown again, or moved and back. */
function hoursToRead(
  state: NodeState,
): readonly { readonly unitId: UnitId; readonly hourMs: number }[] {
  const { open } = state
  if (open === null) return []
  const inRow = new Set(open.units.map((unit) => unit.unitId))
  return state.placements.flatMap(({ unitId }) => {
    if (inRow.has(unitId)) return []
    const bookedToMs = state.units.find((row) => row.unitId === unitId)?.bookedToMs ?? null
    const hours = new Set([hourStartMs(open.timelineEndMs)])
    if (bookedToMs !== null) hours.add(hourStartMs(bookedToMs))
    return [...hours].map((hourMs) => ({ unitId, hourMs }))
  })
}
