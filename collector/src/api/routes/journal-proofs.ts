/**
 * `GET /v1/journal/proof/inclusion` and `/consistency`: proofs of RFC 6962 up to the newest signed
 * checkpoint. Each is checked here as its reader will check it before it is answered: a damaged tree
 * answers nothing rather than something that does not verify.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { consistencySpans, inclusionSpans, readProof, readRoot } from '../../journal/proof.ts'
import { leafHashOf, verifyConsistency, verifyInclusion } from '../../journal/verify-tree.ts'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import { countIn, invalid, PROBLEMS } from '../schemas.ts'

const countIn1 = countIn(1, 999_999_999)

const inclusionSchema = z
  .object({
    demo: z.boolean(),
    origin: z.string(),
    seq: z.number().int(),
    index: z.number().int().meta({ description: 'of the leaf, from 0: seq - 1' }),
    size: z.number().int(),
    leaf_hash: z.string().meta({ description: 'hex; over 0x00 and the canonical bytes' }),
    root: z.string().meta({ description: 'hex; of the tree of that size' }),
    proof: z.array(z.string()).meta({ description: 'hex; RFC 6962, 2.1.1' }),
  })
  .meta({ id: 'InclusionProof' })

const consistencySchema = z
  .object({
    demo: z.boolean(),
    origin: z.string(),
    from: z.number().int(),
    to: z.number().int(),
    from_root: z.string(),
    to_root: z.string(),
    proof: z.array(z.string()).meta({ description: 'hex; RFC 6962, 2.1.2' }),
  })
  .meta({ id: 'ConsistencyProof' })

export function journalProofRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/journal/proof/inclusion',
    {
      config: { access: 'journal' },
      schema: {
        summary: 'Shows that an entry is under a checkpoint',
        querystring: z.strictObject({ seq: countIn1, size: countIn1.optional() }),
        response: { 200: inclusionSchema, ...PROBLEMS },
      },
    },
    async ({ query }) => {
      const signedSize = await signedSizeOf(context)
      const size = checkedSize('size', query.size ?? signedSize, signedSize)
      if (query.seq > size) throw invalid('seq', `is not among the ${size} entries of that tree`)
      return inclusionOf(context, query.seq, size)
    },
  )
  app.get(
    '/v1/journal/proof/consistency',
    {
      config: { access: 'journal' },
      schema: {
        summary: 'Shows that one checkpoint goes on from another',
        querystring: z.strictObject({ from: countIn1, to: countIn1.optional() }),
        response: { 200: consistencySchema, ...PROBLEMS },
      },
    },
    async ({ query }) => {
      const signedSize = await signedSizeOf(context)
      const to = checkedSize('to', query.to ?? signedSize, signedSize)
      if (query.from > to) throw invalid('from', `is larger than ${to}, the tree it should be in`)
      return consistencyOf(context, query.from, to)
    },
  )
}

async function signedSizeOf(context: ApiContext): Promise<number> {
  const { checkpoint } = await context.store.treeState(context.face.tree)
  if (checkpoint === null) throw noCheckpoint()
  return checkpoint.size
}

function checkedSize(field: string, size: number, signedSize: number): number {
  if (size <= signedSize) return size
  throw invalid(field, `is larger than the newest checkpoint, which is over ${signedSize} entries`)
}

async function inclusionOf({ store, face, ledger }: ApiContext, seq: number, size: number) {
  const { algorithm, origin } = face.tree
  const index = seq - 1
  const [entry] = await store.readJournal(index, 1)
  const root = await readRoot(store, algorithm, size)
  const proof = await readProof(store, algorithm, inclusionSpans(index, size))
  const leafHash = entry?.seq === seq ? leafHashOf(algorithm, entry.bytes) : new Uint8Array()
  if (!verifyInclusion({ algorithm, index, size, leafHash, root, proof })) throw damaged()
  return {
    demo: ledger.isDemo,
    origin,
    seq,
    index,
    size,
    leaf_hash: hexOf(leafHash),
    root: hexOf(root),
    proof: proof.map(hexOf),
  }
}

async function consistencyOf({ store, face, ledger }: ApiContext, from: number, to: number) {
  const { algorithm, origin } = face.tree
  const fromRoot = await readRoot(store, algorithm, from)
  const toRoot = await readRoot(store, algorithm, to)
  const proof = await readProof(store, algorithm, consistencySpans(from, to))
  if (!verifyConsistency({ algorithm, from, to, fromRoot, toRoot, proof })) throw damaged()
  return {
    demo: ledger.isDemo,
    origin,
    from,
    to,
    from_root: hexOf(fromRoot),
    to_root: hexOf(toRoot),
    proof: proof.map(hexOf),
  }
}

export function noCheckpoint(): AppError {
  return new AppError('not_found', 'no checkpoint has been signed yet')
}

function damaged(): AppError {
  return new AppError('verification_failed', 'the tree over the journal is damaged')
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
