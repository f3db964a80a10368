/**
 * Entries of draws, leases, bookings, recalls, settlements and statements as the change feed tells
 * them: what the entry itself says (bank/draw-entries.ts, lease-entries.ts, booking-entries.ts,
 * settler.ts), so that the feed says the same whenever it is read. The bank is shown lots, no nodes.
 *
 * Who sees some sites only is told of the draws that touch them, and of those cards alone.
 */
import { z } from 'zod'
import { lotsOf } from '../../bank/draw-entries.ts'
import { decodeEntry } from '../../journal/entry.ts'
import { CLAIM_ENDS, DRAW_REFUSALS, type Draw } from '../../model/draw.ts'
import type { EntryKind, JournalEntry } from '../../model/ledger.ts'
import { isOpaqueFor } from '../access.ts'
import type { ApiContext } from '../context.ts'
import { amountOut, instantOrNull, instantOut, ratioOfPpm, ratioOut } from '../schemas.ts'
import { isDrawSeen, isSeen, type SeenSites, seenClaims } from './draw-scope.ts'
import type { Viewer } from './draws.ts'
import { placedChange, placedChangeParts } from './placed-changes.ts'

export const DRAW_KINDS = [
  'draw_held',
  'draw_refused',
  'draw_posted',
  'draw_voided',
  'draw_lapsed',
  'draw_extended',
  'draw_booked',
  'draw_bound',
  'draw_broken',
  'lease_ended',
  'lease_recalled',
  'lease_swapped',
  'lease_interrupted',
  'lease_idle',
  'card_cleaned',
  'draw_placed',
] as const
export const ACCOUNT_KINDS = ['accounts_settled', 'statement_issued'] as const
export const LENDING_KINDS = [...DRAW_KINDS, ...ACCOUNT_KINDS] as const
export type LendingKind = (typeof LENDING_KINDS)[number]

const lotSchema = z.object({ lot_id: z.string(), cards: z.number().int() })
const when = instantOut.nullable().optional()

const drawChangeSchema = z.object({
  draw_id: z.string(),
  version: z.number().int().meta({ description: 'of the draw from then on' }),
  bank: z.string().optional(),
  borrower: z.string().optional(),
  contract: z.string().optional(),
  lease_id: z.string().optional(),
  leases: z.array(z.string()).optional(),
  lots: z.array(lotSchema).optional(),
  ordinals: z.array(z.number().int()).optional().meta({ description: 'the cards it is about' }),
  hold_until: when,
  start: when,
  until: when,
  recall_at: when,
  ended_at: when,
  clean_at: when,
  told_to: when,
  idle_since: when,
  blameless_until: when.meta({ description: 'returned until then, the borrower is free of blame' }),
  new_start: when,
  end: z.enum(CLAIM_ENDS).nullable().optional(),
  cause: z.string().nullable().optional(),
  code: z.enum(DRAW_REFUSALS).nullable().optional().meta({ description: 'of a refusal' }),
  reason: z.string().nullable().optional(),
  how: z.string().optional().meta({ description: 'how cleaning ended' }),
  residue_card_ms: amountOut.optional().meta({ description: 'used after the lease (cleaning)' }),
  blameless: z.boolean().optional(),
  site_code: z.string().nullable().optional(),
  model: z.string().nullable().optional(),
  cards: z.number().int().nullable().optional().meta({ description: 'booked' }),
  confidence: ratioOut.optional(),
  starts: z
    .array(instantOut.nullable())
    .optional()
    .meta({ description: 'of a booking: when each of `ordinals` begins' }),
  open_places: z.number().int().optional().meta({ description: 'that no card has taken yet' }),
  chance: ratioOut.optional(),
  forecast_version: z.string().nullable().optional(),
  new_lease_id: z.string().optional(),
  new_ordinal: z.number().int().optional(),
  node_ids: z.array(z.string()).optional(),
  ...placedChangeParts,
})
const settlementSchema = z.object({
  moved: z.array(
    z.object({
      site_code: z.string(),
      owner_code: z.string(),
      model: z.string().meta({ description: 'as the card prints it' }),
      from: z.string(),
      to: z.string(),
      card_ms: amountOut,
    }),
  ),
  sha256: z.string().meta({ description: 'of the postings, in order, as canonical JSON' }),
})
const statementSchema = z.object({
  sha256: z.string(),
  subject: z.object({ kind: z.string(), code: z.string() }),
  from: instantOut,
  to: instantOut,
  known_at: instantOut,
})

/** Of every kind that is about lending; which parts there are depends on the kind. */
export const lendingChangeParts = {
  draw: drawChangeSchema.optional(),
  settlement: settlementSchema.optional(),
  statement: statementSchema.optional(),
}
export interface LendingChange {
  readonly draw?: z.infer<typeof drawChangeSchema>
  readonly settlement?: z.infer<typeof settlementSchema>
  readonly statement?: z.infer<typeof statementSchema>
}

const ms = z.number().int().nullable().optional()
const ppm = z.number().int().nullable().optional()
const { blameless: _blameless, ...told } = drawChangeSchema.pick({
  draw_id: true,
  version: true,
  bank: true,
  borrower: true,
  contract: true,
  lease_id: true,
  leases: true,
  lots: true,
  ordinals: true,
  end: true,
  cause: true,
  code: true,
  reason: true,
  how: true,
  blameless: true,
  model: true,
  cards: true,
  open_places: true,
  forecast_version: true,
  new_lease_id: true,
  new_ordinal: true,
}).shape
const drawEntrySchema = z.object({
  ...told,
  site: z.string().nullable().optional(),
  hold_until_ms: ms,
  start_ms: ms,
  until_ms: ms,
  recall_at_ms: ms,
  ended_at_ms: ms,
  clean_at_ms: ms,
  told_to_ms: ms,
  idle_since_ms: ms,
  blameless_until_ms: ms,
  new_start_ms: ms,
  starts_ms: z.array(z.number().int().nullable()).optional(),
  residue_ms: z.string().optional(),
  is_blameless: z.boolean().optional(),
  confidence_ppm: ppm,
  chance_ppm: ppm,
  node_id: z.string().optional(),
  node_ids: z.array(z.string()).optional(),
  new_node_id: z.string().nullable().optional(),
})
type DrawEntry = z.infer<typeof drawEntrySchema>
const settledEntrySchema = z.object({
  sha256: z.string(),
  moved: z.array(
    z.object({
      site: z.string(),
      owner: z.string(),
      model: z.string(),
      from: z.string(),
      to: z.string(),
      card_ms: z.string(),
    }),
  ),
})
const statementEntrySchema = statementSchema.extend({ by: z.string() })

/** What this needs of draws that entries name; `null` where the asker sees every site. */
export type NamedDraws = ReadonlyMap<string, Draw> | null

/** An entry, read; shown to those who may see what it is about. */
export interface ToldLending {
  readonly drawId: string | null
  /** `null`: not for this viewer. */
  changeFor(context: ApiContext, viewer: Viewer, draws: NamedDraws): LendingChange | null
}

export function isLendingKind(kind: EntryKind): kind is LendingKind {
  return LENDING_KINDS.some((one) => one === kind)
}

export function toldLending({ bytes, kind }: JournalEntry): ToldLending {
  const payload = decodeEntry(bytes)?.payload
  if (kind === 'accounts_settled') return toldSettlement(payload)
  if (kind === 'statement_issued') return toldStatement(payload)
  if (kind === 'draw_placed') {
    return { drawId: null, changeFor: (_context, viewer) => placedChange(payload, viewer) }
  }
  return toldDraw(payload)
}

/** The draws of these entries: read only for who does not see all of them anyway. */
export async function namedDraws(
  { store }: Pick<ApiContext, 'store'>,
  sites: SeenSites,
  drawIds: readonly string[],
): Promise<NamedDraws> {
  if (sites === 'all') return null
  const draws = new Map<string, Draw>()
  for (const drawId of new Set(drawIds)) {
    const draw = await store.findDraw(drawId)
    if (draw !== null) draws.set(drawId, draw)
  }
  return draws
}

function toldDraw(payload: unknown): ToldLending {
  const entry = drawEntrySchema.parse(payload)
  return {
    drawId: entry.draw_id,
    changeFor: (context, viewer, draws) => {
      const seen = seenEntry(context, viewer, entry, draws)
      return seen === null ? null : { draw: drawChangeOf(viewer, seen) }
    },
  }
}

/** Of the cards that the viewer sees; without ordinals it is about the draw as a whole. */
function seenEntry(
  { lots }: Pick<ApiContext, 'lots'>,
  { sites }: Viewer,
  entry: DrawEntry,
  draws: NamedDraws,
): DrawEntry | null {
  if (draws === null) return entry
  const draw = draws.get(entry.draw_id)
  if (draw === undefined || !isDrawSeen(sites, draw)) return null
  const { new_node_id: _other, ...named } = entry
  const claims = seenClaims(sites, draw.claims)
  const nodeIds = new Set<string | null>(claims.map(({ nodeId }) => nodeId))
  const leaseIds = new Set(claims.map(({ leaseId }) => leaseId))
  const about = claims.filter(({ ordinal }) => entry.ordinals?.includes(ordinal))
  if ((entry.ordinals ?? []).length > 0 && about.length === 0) return null
  const lotIdOf: Parameters<typeof lotsOf>[1] = (nodeId, profile) =>
    lots.idOf(nodeId, lots.kindOf(profile))
  return {
    ...named,
    ...(entry.starts_ms && { starts_ms: about.map(({ startMs }) => startMs) }),
    ...(entry.ordinals && { ordinals: about.map(({ ordinal }) => ordinal) }),
    ...(entry.lots && { lots: lotsOf(about, lotIdOf) }),
    ...(entry.leases && { leases: entry.leases.filter((leaseId) => leaseIds.has(leaseId)) }),
    ...(entry.node_ids && { node_ids: entry.node_ids.filter((nodeId) => nodeIds.has(nodeId)) }),
  }
}

function drawChangeOf({ asker }: Viewer, entry: DrawEntry): NonNullable<LendingChange['draw']> {
  const { node_id, node_ids, new_node_id, ...rest } = entry
  const nodeIds = [node_id, new_node_id, ...(node_ids ?? [])].filter((one) => one != null)
  const {
    site,
    hold_until_ms,
    start_ms,
    until_ms,
    recall_at_ms,
    ended_at_ms,
    clean_at_ms,
    told_to_ms,
    idle_since_ms,
    blameless_until_ms,
    new_start_ms,
    starts_ms,
    residue_ms,
    is_blameless,
    confidence_ppm,
    chance_ppm,
    ...same
  } = rest
  return {
    ...same,
    ...at('hold_until', hold_until_ms),
    ...at('start', start_ms),
    ...at('until', until_ms),
    ...at('recall_at', recall_at_ms),
    ...at('ended_at', ended_at_ms),
    ...at('clean_at', clean_at_ms),
    ...at('told_to', told_to_ms),
    ...at('idle_since', idle_since_ms),
    ...at('blameless_until', blameless_until_ms),
    ...at('new_start', new_start_ms),
    ...(starts_ms === undefined ? {} : { starts: starts_ms.map(instantOrNull) }),
    ...(site === undefined ? {} : { site_code: site }),
    ...(residue_ms === undefined ? {} : { residue_card_ms: residue_ms }),
    ...(is_blameless === undefined ? {} : { blameless: is_blameless }),
    ...(confidence_ppm === undefined ? {} : { confidence: ratioOfPpm(confidence_ppm) }),
    ...(chance_ppm === undefined ? {} : { chance: ratioOfPpm(chance_ppm) }),
    ...(isOpaqueFor(asker.role) ? {} : { node_ids: nodeIds }),
  }
}

/** Left out where the entry says nothing of it. */
function at<Key extends string>(
  key: Key,
  atMs: number | null | undefined,
): { readonly [one in Key]?: string | null } {
  if (atMs === undefined) return {}
  return { [key]: instantOrNull(atMs) } as { readonly [one in Key]: string | null }
}

/** What moved at the viewer's sites. */
function toldSettlement(payload: unknown): ToldLending {
  const { moved, sha256 } = settledEntrySchema.parse(payload)
  return {
    drawId: null,
    changeFor: (_context, { sites }) => {
      const seen = moved.filter(({ site }) => isSeen(sites, site))
      if (seen.length === 0) return null
      const rows = seen.map(({ owner, site, ...row }) => {
        return { site_code: site, owner_code: owner, ...row }
      })
      return { settlement: { sha256, moved: rows } }
    },
  }
}

/** Shown to who sees the whole ledger, and to who had it issued. */
function toldStatement(payload: unknown): ToldLending {
  const { by, ...statement } = statementEntrySchema.parse(payload)
  return {
    drawId: null,
    changeFor: (_context, { asker, sites }) =>
      sites === 'all' || asker.actor === by ? { statement } : null,
  }
}
