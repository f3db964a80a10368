/** A ledger in a file, as a restore leaves it: it does not know what is lent. */
import { beginRecovery } from '../../../collector/src/storage/sqlite/recovery.ts'
import { connect } from '../storage/sqlite/support.ts'

export function setRecovering(path: string): void {
  const db = connect(path)
  db.transaction('write', () => beginRecovery(db, 1))
  db.close()
}

export interface StoredPosting {
  readonly ordinal: number
  readonly from: string
  readonly to: string
  readonly fromMs: number
  readonly toMs: number
}

export function postingsIn(path: string): readonly StoredPosting[] {
  const db = connect(path)
  try {
    return db.all('SELECT * FROM postings ORDER BY posting_number').map((row) => ({
      ordinal: Number(row.ordinal),
      from: String(row.from_account),
      to: String(row.to_account),
      fromMs: Number(row.from_ms),
      toMs: Number(row.to_ms),
    }))
  } finally {
    db.close()
  }
}
