/** What a node tells the ledger, told to the second bookkeeper as well: record by record. */
import { type DurableRecord, runName } from '@yiben/shared'
import type { NodeRecord } from './evidence.ts'
import type { FakeNode } from './node.ts'
import type { SecondBookkeeper } from './second-bookkeeper.ts'

/** Answers what it tells of a lease: he judges that when he looks. */
export function noteTold(
  books: SecondBookkeeper,
  node: FakeNode,
  record: DurableRecord,
  heardMs: number,
): NodeRecord | null {
  switch (record.kind) {
    case 'tick':
      for (const { index, runs, depositable } of record.tick.units) {
        let fromMs = record.tick.startMs
        const { unitId } = cardOf(node, index)
        for (const { code, durationMs } of runs) {
          books.told(unitId, { fromMs, toMs: fromMs + durationMs, name: runName(code) }, heardMs)
          fromMs += durationMs
        }
        books.consent(unitId, depositable, heardMs)
      }
      return null
    case 'gap':
      for (const { unitId } of node.cards) {
        const { startMs, endMs, cause } = record.gap
        books.told(unitId, { fromMs: startMs, toMs: endMs, name: `unknown/${cause}` }, heardMs)
      }
      return null
    case 'veto':
      if (record.veto.kind !== 'reclaim') return null
      for (const index of record.veto.units) {
        books.consent(cardOf(node, index).unitId, false, heardMs)
      }
      return null
    case 'lease': {
      const unitIds = record.lease.units.map((index) => cardOf(node, index).unitId)
      return { ...record.lease, unitIds }
    }
    default:
      return null
  }
}

function cardOf(node: FakeNode, index: number) {
  const card = node.cards[index]
  if (card === undefined) throw new Error('no such card')
  return card
}
