/**
 * The book as text in the state folder, and back. What cannot be read stops the agent: to begin
 * anew would lend again what the owner has taken back, and forget what runs.
 */
import {
  AppError,
  LEASE_EVENTS,
  LEASE_NOTICE_KINDS,
  type LeaseNotice,
  parseJson,
} from '@yiben/shared'
import * as z from 'zod/mini'
import {
  emptyBook,
  HANDOVER_EVENTS,
  LEASE_ENDS,
  type LeaseBook,
  STATED_ENDS,
} from './lease-book.ts'

const FORMAT_VERSION = 1

const instant = z.int()
const indexes = z.array(z.int())
const ids = z.array(z.string())

const notice = z.object({
  leaseId: z.string(),
  kind: z.enum(LEASE_NOTICE_KINDS),
  units: indexes,
  startMs: instant,
  endMs: instant,
  revision: z.int(),
  epoch: z.string(),
  account: z.string(),
  cause: z.string(),
  algorithm: z.int(),
  /** Hex in the file. */
  signature: z.pipe(
    z.string(),
    z.transform((hex): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))),
  ),
})

const lentUnit = z.object({
  unitId: z.string(),
  index: z.int(),
  untilMs: instant,
  untilCause: z.enum(STATED_ENDS),
  isReclaimed: z.boolean(),
  endedAtMs: z.nullable(instant),
  end: z.nullable(z.enum(LEASE_ENDS)),
  cleanAtMs: z.nullable(instant),
})

const reply = z.object({
  event: z.enum(['taken', 'declined']),
  unitIds: ids,
  units: indexes,
  cause: z.nullable(z.string()),
})

const lease = z.object({
  leaseId: z.string(),
  account: z.string(),
  revision: z.int(),
  startMs: instant,
  endMs: instant,
  units: z.array(lentUnit),
  replies: z.array(reply),
  repliedAtMs: instant,
  lent: z.nullable(notice),
  newest: notice,
})

const word = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('lease'),
    record: z.object({
      atMs: instant,
      leaseId: z.string(),
      event: z.enum(LEASE_EVENTS),
      revision: z.int(),
      units: indexes,
      cause: z.nullable(z.string()),
    }),
  }),
  z.object({ kind: z.literal('reclaim'), unitIds: ids, atMs: instant }),
])

const call = z.object({
  event: z.enum(HANDOVER_EVENTS),
  leaseId: z.string(),
  account: z.string(),
  unitIds: ids,
  untilMs: instant,
})

const bookSchema = z.object({
  version: z.literal(FORMAT_VERSION),
  epoch: z.string(),
  bootId: z.string(),
  leases: z.array(lease),
  words: z.array(word),
  calls: z.array(call),
})

export function bookToText(book: LeaseBook): string {
  const leases = book.leases.map(({ lent, newest, ...rest }) => ({
    ...rest,
    lent: lent === null ? null : writtenNotice(lent),
    newest: writtenNotice(newest),
  }))
  return `${JSON.stringify({ version: FORMAT_VERSION, ...book, leases })}\n`
}

function writtenNotice(signed: LeaseNotice) {
  return { ...signed, signature: Buffer.from(signed.signature).toString('hex') }
}

/** `text` null: nothing was ever lent here. Throws `disk_failed`. */
export function bookOfText(
  text: string | null,
  first: Pick<LeaseBook, 'epoch' | 'bootId'>,
): LeaseBook {
  if (text === null) return emptyBook(first.epoch, first.bootId)
  const parsed = bookSchema.safeParse(parseJson(text))
  if (parsed.success) {
    const { version: _, ...book } = parsed.data
    return book
  }
  const field = parsed.error.issues[0]?.path.join('.') ?? ''
  throw new AppError(
    'disk_failed',
    `The leases kept in the state folder are unreadable at "${field}". If nothing of this node is lent, remove leases.json there.`,
  )
}
