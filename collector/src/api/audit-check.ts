/**
 * Whether the audit log is what was written: every row hashed again, every row naming the one before
 * it, no number missing, and every seal of the journal met. What a person with the file changed,
 * took out or put in is found up to the newest seal; whether the journal itself was changed is for
 * `verify` to say, against a checkpoint that somebody else holds.
 */
import { decodeEntry } from '../journal/entry.ts'
import { linkHash } from '../journal/verify-entry.ts'
import { type AuditHead, type AuditRow, auditHash } from '../model/audit.ts'
import type { JournalEntry } from '../model/ledger.ts'
import type { Store } from '../storage/store.ts'

/** Hashing so many takes some milliseconds, in which nobody else is answered. */
const PAGE_ROWS = 1_000
/** One answer walks so far; the next one goes on. */
const ROWS_MAX = 100_000
const ENTRIES_PAGE = 1_000
const FAULTS_MAX = 20

type AuditCheckStore = Pick<
  Store,
  'auditStart' | 'auditState' | 'readAuditChain' | 'readAuditEntries'
>

interface AuditFault {
  /** Of the row. */
  readonly number: number
  readonly sentence: string
}

interface AuditCheck {
  /** Rows after this one were looked at. */
  readonly after: number
  readonly through: number
  /** Rows up to this one have gone: they were older than the retention. */
  readonly prunedThrough: number
  readonly sealsMet: number
  /** Rows behind the newest seal: nothing outside the file vouches for them yet. */
  readonly unsealedRows: number
  /** The first of them. */
  readonly faults: readonly AuditFault[]
  /** Where to go on; `null` at the end. */
  readonly next: number | null
}

/** Walks from a row on; from 0: from where the chain begins now. */
export async function checkAudit(store: AuditCheckStore, after: number): Promise<AuditCheck> {
  const start = await store.auditStart()
  const seals = await readSeals(store)
  const faults = [...seals.faults]
  const from = await headAt(store, start, after)
  let head = from
  let isEnd = false
  while (!isEnd && head.number < from.number + ROWS_MAX && faults.length < FAULTS_MAX) {
    const rows = await store.readAuditChain(head.number, PAGE_ROWS)
    isEnd = rows.length < PAGE_ROWS
    for (const row of rows) {
      faults.push(...faultsOf(head, row))
      head = { number: row.number, hash: row.hash }
      const sealed = seals.heads.get(row.number)
      if (sealed !== undefined && sealed !== row.hash) {
        faults.push({ number: row.number, sentence: 'the journal has another hash of this row' })
      }
    }
  }
  const newest = seals.newest
  if (isEnd && newest > head.number) {
    const sentence = `the journal tells of rows up to ${newest}, but the log ends here`
    faults.push({ number: head.number, sentence })
  }
  if (seals.heads.get(start.number) !== undefined && seals.heads.get(start.number) !== start.hash) {
    faults.push({ number: start.number, sentence: 'what was pruned is not what was sealed' })
  }
  const met = [...seals.heads.keys()].filter((one) => one > from.number && one <= head.number)
  return {
    after: from.number,
    through: head.number,
    prunedThrough: start.number,
    sealsMet: met.length,
    unsealedRows: isEnd ? Math.max(0, head.number - newest) : 0,
    faults: faults.slice(0, FAULTS_MAX),
    next: isEnd || faults.length > 0 ? null : head.number,
  }
}

function faultsOf(before: AuditHead, row: AuditRow): readonly AuditFault[] {
  const { number } = row
  const sentences = [
    ...(number === before.number + 1
      ? []
      : [`row ${before.number + 1} is missing before this one`]),
    ...(row.previousHash === before.hash ? [] : ['this row does not follow the one before it']),
    ...(row.hash === auditHash(row.previousHash, number, row) ? [] : ['this row was changed']),
  ]
  return sentences.map((sentence) => ({ number, sentence }))
}

/** The row to go on after; its own hash was checked by whoever was told to go on there. */
async function headAt(store: AuditCheckStore, start: AuditHead, after: number): Promise<AuditHead> {
  if (after <= start.number) return start
  const [row] = await store.readAuditChain(after - 1, 1)
  return row?.number === after ? { number: after, hash: row.hash } : start
}

interface Seals {
  /** By the row that they go up to. */
  readonly heads: ReadonlyMap<number, string>
  readonly newest: number
  readonly faults: readonly AuditFault[]
}

async function readSeals(store: AuditCheckStore): Promise<Seals> {
  const heads = new Map<number, string>()
  const faults: AuditFault[] = []
  let newest = 0
  let seq = 0
  for (;;) {
    const entries = await store.readAuditEntries(seq, ENTRIES_PAGE)
    for (const entry of entries) {
      seq = entry.seq
      const seal = sealOf(entry)
      if (seal === null || seal.after !== newest) {
        const sentence = `entry ${seq} of the journal is not the seal that follows the one before`
        faults.push({ number: newest, sentence })
      }
      if (seal === null) continue
      heads.set(seal.through, seal.head)
      newest = seal.through
    }
    if (entries.length < ENTRIES_PAGE) return { heads, newest, faults }
  }
}

function sealOf(entry: JournalEntry) {
  if (linkHash(entry.previousHash, entry.bytes) !== entry.hash) return null
  const payload = decodeEntry(entry.bytes)?.payload
  if (payload === undefined) return null
  const { after, head, through } = payload
  if (typeof after !== 'number' || typeof through !== 'number' || typeof head !== 'string') {
    return null
  }
  return { after, head, through }
}
