/**
 * `GET /v1/journal/entries`: numbered entries with their canonical text, so that anybody can hash
 * them again: hash = SHA-256 over label, previous hash and these bytes (journal/entry.ts).
 */
import { z } from 'zod'
import { ENTRY_KINDS } from '../../model/ledger.ts'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import { countIn, instantOut, instantText, PAGE_ROWS_MAX, PROBLEMS } from '../schemas.ts'

const ENTRIES_DEFAULT = 200

const entrySchema = z
  .object({
    seq: z.number().int(),
    generation: z.number().int(),
    kind: z.enum(ENTRY_KINDS),
    at: instantOut,
    canonical: z.string(),
    previous_hash: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'JournalEntry' })

const entriesSchema = z.object({
  demo: z.boolean(),
  generation: z.number().int(),
  origin: z.string(),
  head: z.object({ seq: z.number().int(), hash: z.string() }),
  entries: z.array(entrySchema),
  next_after: z.number().int().nullable(),
})

export function journalRoutes(app: App, { store, ledger }: ApiContext): void {
  app.get(
    '/v1/journal/entries',
    {
      config: { access: 'journal' },
      schema: {
        summary: 'Journal entries after a number',
        querystring: z.strictObject({
          after: countIn(0, 999_999_999).optional(),
          limit: countIn(1, PAGE_ROWS_MAX).optional(),
        }),
        response: { 200: entriesSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const limit = request.query.limit ?? ENTRIES_DEFAULT
      const entries = await store.readJournal(request.query.after ?? 0, limit)
      const head = await store.journalHead()
      const last = entries.at(-1)
      return {
        demo: ledger.isDemo,
        generation: ledger.generation,
        origin: ledger.origin,
        head: { seq: head.seq, hash: head.hash },
        entries: entries.map((entry) => ({
          seq: entry.seq,
          generation: entry.generation,
          kind: entry.kind,
          at: instantText(entry.atMs),
          canonical: Buffer.from(entry.bytes).toString('utf8'),
          previous_hash: entry.previousHash,
          hash: entry.hash,
        })),
        next_after: last !== undefined && entries.length === limit ? last.seq : null,
      }
    },
  )
}
