/** A collector's notices and the facts a node answers them by. */
import {
  type LeaseNotice,
  type LeaseNoticeKind,
  type LeaseRecord,
  signLeaseNotice,
  type UnsignedLeaseNotice,
} from '@yiben/shared'
import { emptyBook, type LeaseBook } from '../../../agent/src/leases/lease-book.ts'
import type { NoticeFacts } from '../../../agent/src/leases/take-notice.ts'
import { COLLECTOR_KEYS } from '../../support/fake-collector.ts'

export const EPOCH = 'ab'.repeat(16)
export const BOOT = 'boot-1'
export const T0 = Date.UTC(2026, 9, 1, 22)
export const HOUR = 3_600_000
export const MINUTE = 60_000

export const EMPTY: LeaseBook = emptyBook(EPOCH, BOOT)

export function unsigned(change: Partial<UnsignedLeaseNotice> = {}): UnsignedLeaseNotice {
  return {
    leaseId: 'e-1',
    kind: 'lend',
    units: [0, 1],
    startMs: T0,
    endMs: T0 + HOUR,
    revision: 1,
    epoch: EPOCH,
    account: 'tenant-7',
    cause: '',
    ...change,
  }
}

export function signed(change: Partial<UnsignedLeaseNotice> = {}): LeaseNotice {
  return signLeaseNotice(COLLECTOR_KEYS, unsigned(change))
}

/** As unsigned: the book takes what was checked before. */
export function notice(
  kind: LeaseNoticeKind,
  revision: number,
  change: Partial<UnsignedLeaseNotice> = {},
): LeaseNotice {
  const signature = new Uint8Array(64)
  return { ...unsigned({ ...change, kind, revision }), algorithm: 1, signature }
}

/** Four units `u0` to `u3`, an owner who has nothing against it. */
export function facts(nowMs: number, change: Partial<NoticeFacts> = {}): NoticeFacts {
  return {
    nowMs,
    unitIdOf: (index) => (index >= 0 && index < 4 ? `u${index}` : null),
    refusalOf: () => null,
    ...change,
  }
}

/** What was told, one line a record: `taken 1 [0,1]`, `ended 1 [0] veto @+60s`. */
export function told(book: LeaseBook): string[] {
  return book.words.map((word) =>
    word.kind === 'lease'
      ? line(word.record)
      : `reclaim ${word.unitIds.join(',')} @${after(word.atMs)}`,
  )
}

export function line({ event, revision, units, cause, atMs }: LeaseRecord): string {
  const words = [event, revision, `[${units.join(',')}]`, ...(cause === null ? [] : [cause])]
  return event === 'ended' ? `${words.join(' ')} @${after(atMs)}` : words.join(' ')
}

function after(atMs: number): string {
  return `${atMs < T0 ? '' : '+'}${(atMs - T0) / 1000}s`
}
