/** Rows of windows that may be deposited, of claims on cards, and of what nodes offer. */
import { assert } from '@yiben/shared'
import { type CardClaim, CLAIM_STATES } from '../model/draw.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { DepositedCard, NodeOffer } from '../model/offer.ts'
import type { SiteTerms } from '../model/site.ts'
import type { ClosedWindow, OpenNode } from '../model/timeline.ts'
import { openOf } from './open-row.ts'
import type { FreeUnit } from './requests.ts'
import { depositOf, unitOf } from './rows.ts'
import { ownerOf } from './site-rows.ts'
import {
  flag,
  integer,
  integerOrNull,
  type Row,
  runCodeIn,
  storedJson,
  text,
  textOrNull,
  wordOf,
} from './values.ts'

/** The row of a deposit with its unit; none where the card's window is not open any more. */
export function freeUnitsOf(
  row: Row,
  {
    terms,
    openOf,
  }: {
    readonly terms: ReadonlyMap<string, SiteTerms>
    readonly openOf: (nodeId: NodeId) => OpenNode | null
  },
): readonly FreeUnit[] {
  const unit = unitOf(row)
  const window = openOf(unit.nodeId)?.units.find((one) => one.unitId === unit.unitId)?.window
  if (!window) return []
  const site = terms.get(unit.siteCode)
  return [
    {
      unit,
      regionCode: site?.regionCode ?? '',
      ownerCode: ownerOf(site),
      deposit: depositOf(row),
      windowStartMs: window.startMs,
      ageStartMs: window.ageStartMs,
      provenToMs: window.provenToMs,
    },
  ]
}

export function closedWindowOf(row: Row): ClosedWindow {
  return {
    unitId: integer(row, 'unit_id') as UnitId,
    startMs: integer(row, 'start_ms'),
    ageStartMs: integer(row, 'age_start_ms'),
    endMs: integer(row, 'end_ms'),
    provenMs: integer(row, 'proven_ms'),
    endCode: runCodeIn(row, 'end_code'),
  }
}

export function keyOf({ vendor, name, memoryTotalMib, powerCapWatts }: DeviceProfile): string {
  return JSON.stringify([vendor, name, memoryTotalMib, powerCapWatts])
}

export function claimOf(row: Row): CardClaim {
  return {
    unitId: integer(row, 'unit_id') as UnitId,
    depositId: textOrNull(row, 'deposit_id'),
    state: wordOf(row, 'state', CLAIM_STATES),
    endedAtMs: integerOrNull(row, 'ended_at_ms'),
    cleanAtMs: integerOrNull(row, 'clean_at_ms'),
  }
}

/** An entry of a deposit names its node, one of a draw all the nodes that it touches. */
export function nodesNamed(row: Row): readonly NodeId[] {
  const nodeId = textOrNull(row, 'node_id')
  const nodeIds = textOrNull(row, 'node_ids')
  return [
    ...(nodeId === null ? [] : [nodeId as NodeId]),
    ...(nodeIds === null ? [] : storedJson<readonly NodeId[]>(nodeIds)),
  ]
}

export function lastOf(rows: readonly Row[], column: string, before: number): number {
  const last = rows.at(-1)
  return last === undefined ? before : integer(last, column)
}

/** An open row with its site, and by node the rows of its deposits and how many cards stand in it. */
export function offerOf(
  row: Row,
  {
    deposited,
    placed,
  }: {
    readonly deposited: ReadonlyMap<string, readonly Row[]>
    readonly placed: ReadonlyMap<string, number>
  },
): NodeOffer {
  const nodeId = text(row, 'node_id') as NodeId
  const cards = deposited.get(nodeId) ?? []
  // Most nodes of a fleet offer nothing; their rows need not be unpacked.
  const open = cards.length === 0 ? null : openOf(row)
  return {
    nodeId,
    siteCode: text(row, 'site_code'),
    cardsPlaced: placed.get(nodeId) ?? 0,
    leaseMsMax: open?.policy?.maxLeaseMs ?? null,
    calendar: open?.policy?.calendar ?? null,
    isFenced: open?.policy?.handover?.isFenced === true,
    cards: open === null ? [] : cards.map((card) => cardOf(card, open, flag(card, 'is_claimed'))),
  }
}

/** A row of a deposit with its unit. */
export function cardOf(row: Row, open: OpenNode, isClaimed: boolean): DepositedCard {
  const unit = unitOf(row)
  const deposit = depositOf(row)
  assert(deposit.closedAtMs === null, 'only open deposits are offered')
  const told = open.units.find((one) => one.unitId === unit.unitId)
  // A later window of the card is no part of this deposit.
  const window = told?.window?.startMs === deposit.windowStartMs ? told.window : null
  const isConsented = told?.withheld === null && told.depositable && open.policy?.enabled === true
  return {
    unitId: unit.unitId,
    depositId: deposit.depositId,
    profile: unit.profile,
    windowStartMs: deposit.windowStartMs,
    openedAtMs: deposit.openedAtMs,
    window:
      window === null ? null : { ageStartMs: window.ageStartMs, provenToMs: window.provenToMs },
    isWithheld: !isConsented || told.consentEnds.count > deposit.consentEndCount,
    isDisputed: unit.isInConflict || !unit.isCounted || unit.validToMs !== null,
    isClaimed,
  }
}
