/**
 * What is remembered of one file: who asked for it, what is in it, where it stands, what was
 * answered. The record gives the file its number and its sequence; without one there is no file.
 */
import { z } from 'zod'
import { CODE_USES } from '../model/issued-code.ts'

/**
 *   made       is to be delivered, or delivered once more
 *   delivered  is there, as far as can be told; its receipt is waited for
 *   taken      was accepted, or no receipts are given
 *   partly     some rows were rejected
 *   rejected   all of it was
 *   refused    was not taken over HTTP, and would not be if it were sent again
 *   given_up   was delivered as often as the template says, and never answered
 */
export const FILE_STATES = [
  'made',
  'delivered',
  'taken',
  'partly',
  'rejected',
  'refused',
  'given_up',
] as const
export type FileState = (typeof FILE_STATES)[number]

export const FILE_CAUSES = ['schedule', 'order', 'rejected_rows'] as const

const rejectedSchema = z.object({ key: z.string(), code: z.string() })

const receiptSchema = z.object({
  atMs: z.number(),
  sha256: z.string(),
  /** Tells one file of a receipt folder from a later one of its name; empty: an answer over HTTP. */
  mark: z.string(),
  outcome: z.enum(['taken', 'partly', 'rejected']),
  /** As the receipt says it; `null`: it says none. */
  status: z.string().nullable(),
  rejectedRows: z.number(),
  /** The first of them, in the order of the receipt. */
  rejected: z.array(rejectedSchema),
  /** Rows named that the file does not have. */
  strangeRows: z.number(),
})
export type Receipt = Readonly<z.infer<typeof receiptSchema>>

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

export const recordSchema = z.object({
  number: z.number().int().min(1),
  use: z.enum(CODE_USES),
  cause: z.enum(FILE_CAUSES),
  /** Of its schedule; `null` otherwise. */
  dueMs: z.number().nullable(),
  /** Id of the order that asked for it. */
  order: z.string().nullable(),
  asOfMs: z.number(),
  knownAtMs: z.number(),
  madeAtMs: z.number(),
  template: z.object({ id: z.string(), sha256: z.string() }),
  name: z.string(),
  sequence: z.number().int(),
  period: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  rows: z.number(),
  leftOut: z.object({ rows: z.number(), reasons: z.array(z.string()) }),
  /** The file whose rejected rows these are, and how many such files came before. */
  resendOf: z.number().nullable(),
  attempt: z.number(),
  state: z.enum(FILE_STATES),
  /** This time round. */
  folderAtMs: z.number().nullable(),
  httpAtMs: z.number().nullable(),
  /** Deliveries that were made whole. */
  deliveries: z.number(),
  deliveredAtMs: z.number().nullable(),
  /** Failures in a row of the delivery that is due. */
  failures: z.number(),
  nextTryMs: z.number(),
  problem: z.object({ code: z.string(), sentence: z.string() }).nullable(),
  receipt: receiptSchema.nullable(),
  /** Its rejected rows were looked at: they are in another file, or gone, or stay as they are. */
  isRowsDone: z.boolean(),
  /** What the journal is to be told, in order, and how much of it it has been told. */
  events: z.array(
    z.object({ atMs: z.number(), kind: z.string(), facts: z.record(z.string(), scalar) }),
  ),
  journaled: z.number(),
})
export type FileRecord = Readonly<z.infer<typeof recordSchema>>

/** What the journal says of a file. */
export const EVENT_KINDS = [
  'adapter_file_made',
  'adapter_file_delivered',
  'adapter_file_answered',
  'adapter_file_resent',
  'adapter_file_given_up',
] as const
export type EventKind = (typeof EVENT_KINDS)[number]

/** With one more thing for the journal to say. */
export function withEvent(
  record: FileRecord,
  kind: EventKind,
  atMs: number,
  facts: FileRecord['events'][number]['facts'] = {},
): FileRecord {
  return { ...record, events: [...record.events, { atMs, kind, facts }] }
}
