/**
 * The journal for whoever wants to check it: `GET /v1/journal/entries` with their canonical bytes,
 * `GET /v1/journal/checkpoint` as JSON or as the signed note itself, and the door through which a
 * witness hands in its cosignature. Proofs are in `journal-proofs.ts`; journal/SPEC.md says how each
 * is checked.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { type CosigningResult, shownCheckpoints, takeCosigned } from '../../journal/cosigning.ts'
import { parseCheckpoint } from '../../journal/verify-checkpoint.ts'
import { cosignaturesIn, parseNote } from '../../journal/verify-note.ts'
import { ENTRY_KINDS } from '../../model/ledger.ts'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import {
  countIn,
  flagIn,
  instantOut,
  instantText,
  invalid,
  PAGE_ROWS_MAX,
  PROBLEMS,
} from '../schemas.ts'
import { journalProofRoutes, noCheckpoint } from './journal-proofs.ts'

const ENTRIES_DEFAULT = 200
/** A note with a hundred lines of post-quantum witnesses is larger than any that we take. */
const NOTE_LENGTH_MAX = 64 * 1024

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

const checkpointSchema = z
  .object({
    demo: z.boolean(),
    origin: z.string().meta({ description: 'first line of the note, and the name of the key' }),
    size: z.number().int().meta({ description: 'entries 1 to size are under it' }),
    root: z.string().meta({ description: 'hex' }),
    verifier_key: z.string().meta({ description: 'as C2SP signed-note writes keys' }),
    note: z.string().meta({ description: 'C2SP tlog-checkpoint' }),
    cosignatures: z.array(
      z.object({ witness: z.string(), key_id: z.string(), cosigned_at: instantOut }),
    ),
  })
  .meta({ id: 'JournalCheckpoint' })

const cosignedSchema = z.object({
  status: z.enum(['kept', 'older']).meta({ description: 'older: a newer one is kept already' }),
  size: z.number().int(),
})

export function journalRoutes(app: App, context: ApiContext): void {
  entriesRoute(app, context)
  checkpointRoute(app, context)
  cosignaturesRoute(app, context)
  journalProofRoutes(app, context)
}

function entriesRoute(app: App, { store, ledger }: ApiContext): void {
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

function checkpointRoute(app: App, context: ApiContext): void {
  app.get(
    '/v1/journal/checkpoint',
    {
      config: { access: 'journal' },
      schema: {
        summary: 'The newest signed checkpoint; the note alone for `Accept: text/plain`',
        querystring: z.strictObject({
          cosigned: flagIn
            .optional()
            .meta({ description: 'the newest that a witness has signed too' }),
        }),
        produces: ['application/json', 'text/plain'],
        response: { 200: checkpointSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const shown = shownCheckpoints(await context.store.treeState(context.face.tree))
      const isCosigned = request.query.cosigned ?? false
      const note = isCosigned ? shown.cosigned : shown.newest
      if (note === null) throw isCosigned ? noCosignature() : noCheckpoint()
      reply.header('vary', 'accept')
      if (!wantsText(request.headers.accept)) return checkpointOf(context, note)
      reply.header('content-type', 'text/plain; charset=utf-8')
      return reply.serializer((text: unknown) => String(text)).send(note as never)
    },
  )
}

function cosignaturesRoute(app: App, { store, face, clock }: ApiContext): void {
  app.post(
    '/v1/journal/cosignatures',
    {
      config: { access: 'journal_cosign' },
      schema: {
        summary: 'Takes a checkpoint of ours that a configured witness has signed',
        body: z.strictObject({ note: z.string().max(NOTE_LENGTH_MAX) }),
        response: { 200: cosignedSchema, 409: PROBLEMS[400], ...PROBLEMS },
      },
    },
    async (request) => {
      const result = await takeCosigned(store, face, request.body.note, clock.wallMs())
      if (result.status === 'kept' || result.status === 'older') return result
      throw refusalOf(result.status)
    },
  )
}

function noCosignature(): AppError {
  return new AppError('not_found', 'no witness has signed a checkpoint yet')
}

function checkpointOf({ face, ledger }: ApiContext, text: string) {
  const note = parseNote(text)
  const checkpoint = note === null ? null : parseCheckpoint(note.text)
  if (note === null || checkpoint === null) {
    throw new AppError('verification_failed', 'the stored checkpoint cannot be read')
  }
  return {
    demo: ledger.isDemo,
    origin: checkpoint.origin,
    size: checkpoint.size,
    root: Buffer.from(checkpoint.root).toString('hex'),
    verifier_key: face.verifierKey,
    note: text,
    cosignatures: cosignaturesIn(note).map(({ name, keyId, seconds }) => ({
      witness: name,
      key_id: keyId,
      cosigned_at: instantText(seconds * 1_000),
    })),
  }
}

/** JSON unless plain text is asked for by name and JSON is not. */
function wantsText(accept: string | undefined): boolean {
  const types = (accept ?? '').toLowerCase()
  return types.includes('text/plain') && !types.includes('application/json')
}

type Refusal = Exclude<CosigningResult['status'], 'kept' | 'older'>

const REFUSALS: Readonly<Record<Refusal, string>> = {
  note_unreadable: 'is no signed checkpoint',
  not_our_log: 'is a checkpoint of another log, or of another generation of this ledger',
  not_signed_by_us: 'does not bear our own signature',
  witness_unknown: 'bears no line of a witness that is configured here (journal.witnesses)',
  cosignature_invalid: 'bears a line of a witness that does not verify',
  cosigned_in_future: 'is cosigned in the future',
  size_not_signed: 'is over more entries than we have signed',
  root_differs: 'has another root than our tree of that size',
}

/** Signed by us with another root: the gravest thing there is, and not the asker's mistake. */
function refusalOf(status: Refusal): AppError {
  if (status === 'root_differs' || status === 'size_not_signed') {
    return new AppError('conflict', `note: ${REFUSALS[status]}`, { fields: { field: 'note' } })
  }
  return invalid('note', REFUSALS[status])
}
