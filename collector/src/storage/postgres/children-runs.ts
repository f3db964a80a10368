/**
 * Records of a commit in the order they came, those of nodes in runs that can be taken at once: of one
 * ledger, no node and no card twice. Pure.
 */
import type { NodeReport } from '@yiben/shared'
import type { NumberedChildRecord } from '../children-store.ts'

export type Run =
  | { readonly kind: 'one'; readonly record: NumberedChildRecord }
  | { readonly kind: 'nodes'; readonly records: readonly NodeRecord[] }

export interface NodeRecord {
  readonly numbered: NumberedChildRecord
  readonly node: NodeReport
}

export function runsOf(records: readonly NumberedChildRecord[]): readonly Run[] {
  const runs: Run[] = []
  let open: OpenRun | null = null
  for (const numbered of records) {
    const node = nodeOf(numbered)
    if (node === null) {
      open = null
      runs.push({ kind: 'one', record: numbered })
      continue
    }
    if (open === null || !open.takes(node)) {
      open = new OpenRun(node.origin)
      runs.push({ kind: 'nodes', records: open.records })
    }
    open.add({ numbered, node })
  }
  return runs
}

function nodeOf({ result }: NumberedChildRecord): NodeReport | null {
  return result.status === 'ok' && result.record.kind === 'node' ? result.record.node : null
}

class OpenRun {
  readonly records: NodeRecord[] = []
  readonly #origin: string
  readonly #nodeIds = new Set<string>()
  readonly #units = new Set<number>()

  constructor(origin: string) {
    this.#origin = origin
  }

  takes({ cards, nodeId, origin }: NodeReport): boolean {
    return (
      origin === this.#origin &&
      !this.#nodeIds.has(nodeId) &&
      cards.every(({ unitNumber }) => !this.#units.has(unitNumber))
    )
  }

  add(record: NodeRecord): void {
    this.records.push(record)
    this.#nodeIds.add(record.node.nodeId)
    for (const { unitNumber } of record.node.cards) this.#units.add(unitNumber)
  }
}
