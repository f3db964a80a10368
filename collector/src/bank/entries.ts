/**
 * What the journal and the change feed say of deposits: one entry for each lot and decision. A lot is
 * the cards of one kind on one node; the entry names the cards that came and went, with their
 * instants and reasons, and how many are in it from then on.
 *
 *   lot_opened   it held nothing and holds something
 *   lot_changed  it held something and holds something: cards came, went, or came back from a lease
 *   lot_closed   it holds nothing any more
 *
 * Older ledgers tell of each card by itself: `deposit_opened`, `deposit_closed`.
 */
import type { UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { Deposit, JsonObject, OutboxEntry } from '../model/ledger.ts'
import type { Closing, Rewindow } from './closing.ts'
import type { CardKind, Lots } from './lots.ts'
import type { DepositQuestion } from './question.ts'

export type Opening = Omit<Deposit, 'closedAtMs' | 'closeReason'>

export interface DecidedDeposits {
  readonly openings: readonly Opening[]
  readonly closings: readonly Closing[]
  readonly rewindows: readonly Rewindow[]
}

export function lotEntries(
  question: DepositQuestion,
  { closings, openings, rewindows }: DecidedDeposits,
): readonly OutboxEntry[] {
  const rows = new Map(question.units.map((row) => [row.unitId, row]))
  const kindOf = ({ unitId }: { readonly unitId: UnitId }) =>
    kindOfUnit(unitId, rows, question.lots)
  const opened = Map.groupBy(openings, kindOf)
  const closed = Map.groupBy(closings, ({ deposit }) => kindOf(deposit))
  const renewed = Map.groupBy(rewindows, ({ deposit }) => kindOf(deposit))
  const before = Map.groupBy(question.openDeposits, kindOf)
  const kinds = new Set([...closed.keys(), ...opened.keys(), ...renewed.keys()])
  return [...kinds].map((kind) => {
    const cardsBefore = before.get(kind)?.length ?? 0
    const cameIn = opened.get(kind) ?? []
    const wentOut = closed.get(kind) ?? []
    const cameBack = renewed.get(kind) ?? []
    const cards = cardsBefore + cameIn.length - wentOut.length
    const wordOf = cardsBefore === 0 ? 'lot_opened' : cards === 0 ? 'lot_closed' : 'lot_changed'
    return {
      kind: wordOf,
      atMs: question.nowMs,
      payload: {
        ...placeOf(question, kind),
        cards,
        policy_version: question.open.policy?.version ?? null,
        opened: cameIn.map((one) => cardOf(one, rows)),
        closed: wentOut.map(({ closedAtMs, deposit, reason }) => {
          return { ...cardOf(deposit, rows), closed_at_ms: closedAtMs, reason }
        }),
        renewed: cameBack.map(({ deposit, windowStartMs }) => {
          return { ...cardOf(deposit, rows), window_start_ms: windowStartMs }
        }),
      },
    }
  })
}

/** `null`: a card that is no longer known, whatever it was. */
function kindOfUnit(
  unitId: UnitId,
  rows: ReadonlyMap<UnitId, UnitRow>,
  lots: Pick<Lots, 'kindOf'>,
): CardKind | null {
  const row = rows.get(unitId)
  return row === undefined ? null : lots.kindOf(row.profile)
}

/** Which lot, where, and what its cards are called. */
function placeOf({ lots, open, units }: DepositQuestion, kind: CardKind | null): JsonObject {
  const row = units.find(({ profile }) => lots.kindOf(profile) === kind)
  return {
    lot_id: kind === null ? null : lots.idOf(open.nodeId, kind),
    node_id: open.nodeId,
    site: row?.siteCode ?? units[0]?.siteCode ?? null,
    model: kind?.model ?? null,
    profile: row === undefined ? null : profileOf(row),
  }
}

function profileOf({ profile }: UnitRow): JsonObject {
  return {
    vendor: profile.vendor,
    name: profile.name,
    memory_total_mib: profile.memoryTotalMib,
    power_cap_watts: profile.powerCapWatts,
  }
}

function cardOf(deposit: Opening, rows: ReadonlyMap<UnitId, UnitRow>): JsonObject {
  return {
    deposit_id: deposit.depositId,
    unit_id: deposit.unitId,
    accelerator_id: rows.get(deposit.unitId)?.acceleratorId ?? null,
    window_start_ms: deposit.windowStartMs,
    opened_at_ms: deposit.openedAtMs,
  }
}
