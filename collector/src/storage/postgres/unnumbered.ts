/**
 * What a transaction has written and not numbered yet: entries, changes of nodes, records of
 * leases. Numbers are taken last (outbox.ts), so that the lock on them is held for no longer than a
 * commit.
 */
import type { NodeId } from '../../model/ids.ts'
import type { OutboxEntry } from '../../model/ledger.ts'
import type { StoredLeaseRecord } from '../draw-requests.ts'

interface Mark {
  readonly entries: number
  readonly changed: number
  readonly leaseRecords: number
  readonly bookings: number
  readonly drawCopies: number
}

export class Unnumbered {
  readonly entries: OutboxEntry[] = []
  /** Nodes whose followers look again; the last of several changes counts. */
  readonly changed: NodeId[] = []
  readonly leaseRecords: Omit<StoredLeaseRecord, 'recordNumber'>[] = []
  /** How often something was booked or given up. */
  bookings = 0
  /** JSON of decisions on draws. */
  readonly drawCopies: string[] = []

  mark(): Mark {
    return {
      entries: this.entries.length,
      changed: this.changed.length,
      leaseRecords: this.leaseRecords.length,
      bookings: this.bookings,
      drawCopies: this.drawCopies.length,
    }
  }

  /** What came since is undone. */
  resetTo(mark: Mark): void {
    this.entries.length = mark.entries
    this.changed.length = mark.changed
    this.leaseRecords.length = mark.leaseRecords
    this.bookings = mark.bookings
    this.drawCopies.length = mark.drawCopies
  }

  clear(): void {
    this.resetTo({ entries: 0, changed: 0, leaseRecords: 0, bookings: 0, drawCopies: 0 })
  }
}
