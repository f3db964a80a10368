/** Records of a session up to the next facts: those end a part, for what follows is of other cards. */
import { decodeRecord, type NodeFacts } from '@yiben/shared'
import type { FoldState, StreamRecord } from '../timeline/fold-state.ts'
import { type Frontier, frontierAt, type NumberedRecord } from './batch.ts'

/** Records of time, and the facts that end them. */
export interface Part {
  readonly records: readonly StreamRecord[]
  /** Where the records end; `null` without any. */
  readonly upTo: Frontier | null
  readonly facts: { readonly upTo: Frontier; readonly facts: NodeFacts } | null
}

/** The records of `rest` before the next facts, decoded by the facts of `state`, and those facts. */
export function partUntilFacts(
  { facts, placements }: Pick<FoldState, 'facts' | 'placements'>,
  rest: readonly NumberedRecord[],
  epoch: string,
): Part {
  const records: StreamRecord[] = []
  const indexes = placements.map((one) => one.index)
  const unitsOf = (revision: number) =>
    facts !== null && facts.epoch === epoch && facts.revision === revision ? indexes : null
  const end = () => {
    const last = rest[records.length - 1]
    return last === undefined ? null : frontierAt(last, epoch)
  }
  for (const numbered of rest) {
    const result = decodeRecord(numbered.bytes, unitsOf)
    if (result.status === 'ok' && result.record.kind === 'facts') {
      const upTo = frontierAt(numbered, epoch)
      return { records, upTo: end(), facts: { upTo, facts: result.record.facts } }
    }
    records.push({ seq: numbered.seq, bytes: numbered.bytes, result })
  }
  return { records, upTo: end(), facts: null }
}
