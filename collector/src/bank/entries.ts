/** What the journal and the change feed say of a deposit that opens or closes. */
import type { UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { Deposit, OutboxEntry } from '../model/ledger.ts'
import type { Closing } from './closing.ts'

export function openedEntry(
  deposit: Omit<Deposit, 'closedAtMs' | 'closeReason'>,
  row: UnitRow,
  decided: { readonly nowMs: number; readonly policyVersion: number },
): OutboxEntry {
  return {
    kind: 'deposit_opened',
    atMs: decided.nowMs,
    payload: {
      deposit_id: deposit.depositId,
      unit_id: deposit.unitId,
      accelerator_id: row.acceleratorId,
      node_id: deposit.nodeId,
      site: row.siteCode,
      window_start_ms: deposit.windowStartMs,
      opened_at_ms: deposit.openedAtMs,
      policy_version: decided.policyVersion,
    },
  }
}

export function closedEntry(
  { deposit, closedAtMs, reason }: Closing,
  rows: ReadonlyMap<UnitId, UnitRow>,
  nowMs: number,
): OutboxEntry {
  const row = rows.get(deposit.unitId)
  return {
    kind: 'deposit_closed',
    atMs: nowMs,
    payload: {
      deposit_id: deposit.depositId,
      unit_id: deposit.unitId,
      accelerator_id: row?.acceleratorId ?? null,
      node_id: deposit.nodeId,
      site: row?.siteCode ?? null,
      window_start_ms: deposit.windowStartMs,
      opened_at_ms: deposit.openedAtMs,
      closed_at_ms: closedAtMs,
      reason,
    },
  }
}
