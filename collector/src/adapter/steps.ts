/** What a file needs next, by what is known of it and what the template says. Pure. */
import { type FileRecord, type Receipt, withEvent } from './record.ts'
import type { Template } from './template.ts'

export type Step = 'none' | 'deliver' | 'resend' | 'give_up' | 'make_anew'

type Policy = Pick<Template, 'receipts' | 'resend'>

/** A receipt that never comes, and rows that were rejected, are the template's to decide on. */
export function nextStep(record: FileRecord, policy: Policy, nowMs: number): Step {
  const { receipts, resend } = policy
  switch (record.state) {
    case 'made':
      return record.nextTryMs <= nowMs ? 'deliver' : 'none'
    case 'delivered': {
      if (receipts === null || record.deliveredAtMs === null) return 'none'
      if (nowMs - record.deliveredAtMs < receipts.withinMs) return 'none'
      // The first delivery is not one more.
      return record.deliveries <= resend.times ? 'resend' : 'give_up'
    }
    case 'partly':
    case 'rejected': {
      if (record.isRowsDone || resend.rejected === 'none' || record.receipt === null) return 'none'
      if (record.attempt >= resend.times) return 'none'
      return nowMs - record.receipt.atMs >= resend.afterMs ? 'make_anew' : 'none'
    }
    default:
      return 'none'
  }
}

/** Delivered whole. Its receipt may have come before that was known. */
export function delivered(record: FileRecord, policy: Policy, nowMs: number): FileRecord {
  const next: FileRecord = {
    ...record,
    state: policy.receipts === null ? 'taken' : 'delivered',
    deliveries: record.deliveries + 1,
    deliveredAtMs: nowMs,
    failures: 0,
    problem: null,
  }
  return withEvent(next, 'adapter_file_delivered', nowMs, { deliveries: next.deliveries })
}

/** The same file once more, under the same name. */
export function resent(
  record: FileRecord,
  facts: { readonly reason: string; readonly order?: string },
  nowMs: number,
): FileRecord {
  const next: FileRecord = {
    ...record,
    state: 'made',
    folderAtMs: null,
    httpAtMs: null,
    failures: 0,
    nextTryMs: nowMs,
    problem: null,
  }
  return withEvent(next, 'adapter_file_resent', nowMs, facts)
}

export function givenUp(record: FileRecord, nowMs: number): FileRecord {
  const problem = {
    code: 'not_found',
    sentence: `no receipt has come, of ${record.deliveries} deliveries`,
  }
  const next: FileRecord = { ...record, state: 'given_up', problem }
  return withEvent(next, 'adapter_file_given_up', nowMs, { deliveries: next.deliveries })
}

/** The newest receipt counts, whatever the file has been through. */
export function answered(record: FileRecord, receipt: Receipt): FileRecord {
  const next: FileRecord = {
    ...record,
    state: receipt.outcome,
    receipt,
    problem: null,
    isRowsDone: receipt.outcome === 'taken',
  }
  return withEvent(next, 'adapter_file_answered', receipt.atMs, {
    outcome: receipt.outcome,
    status: receipt.status,
    rejected_rows: receipt.rejectedRows,
    receipt_sha256: receipt.sha256,
  })
}

/** Nothing more is done with it by itself. */
export function isClosed(record: FileRecord, policy: Policy): boolean {
  if (record.journaled < record.events.length) return false
  if (record.state === 'made' || record.state === 'delivered') return false
  return nextStep(record, policy, Number.MAX_SAFE_INTEGER) === 'none'
}

/**
 * Files that need a person: what the node has not got of the newest run of its use that is over, or
 * what cannot be delivered. A later file that was taken makes up for those before it.
 */
export function troubled(records: readonly FileRecord[]): readonly FileRecord[] {
  const takenTo = new Map<FileRecord['use'], number>()
  for (const { number, state, use } of records) if (state === 'taken') takenTo.set(use, number)
  return records.filter(
    (record) => isTrouble(record) && record.number > (takenTo.get(record.use) ?? 0),
  )
}

function isTrouble({ isRowsDone, problem, state }: FileRecord): boolean {
  if (state === 'taken' || state === 'delivered') return false
  if (state === 'partly' || state === 'rejected') return !isRowsDone
  return problem !== null
}
