/**
 * `GET /v1/quality`: what a person should look at. Doubts of the collector about itself, conflicts,
 * clones, spools that were replaced, refused records and the holes among them, silences, clock
 * offsets, steps and gaps, models without a figure, weak identities. Lists are cut; totals are not.
 */
import { causeOf, type ErrorCode } from '@yiben/shared'
import { z } from 'zod'
import type { CardCount } from '../../model/card-count.ts'
import type { QualityRows, Scope } from '../../storage/requests.ts'
import { conflictAnswers, conflictSchema } from '../answers/conflicts.ts'
import { forecastQuality, forecastQualitySchema } from '../answers/forecast.ts'
import { cardsAt } from '../answers/ledger.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantIn, instantOrNull, instantOut, instantText, PROBLEMS } from '../schemas.ts'

const ROWS_SHOWN_MAX = 500
/** What ingest notes where a record does not begin at the end of what is booked. */
const HOLE_CODE: ErrorCode = 'record_not_contiguous'
const SINCE_MS_DEFAULT = 7 * 86_400_000
/** DESIGN 2.1: over 2 s flagged, over 5 s not depositable. */
const OFFSET_FLAGGED_MS = 2_000
const OFFSET_NOT_DEPOSITABLE_MS = 5_000

function listOf<Row extends z.ZodType>(row: Row) {
  return z.object({ total: z.number().int(), rows: z.array(row) })
}

const refusedSchema = z.object({
  node_id: z.string(),
  epoch: z.string(),
  seq: z.number().int(),
  code: z.string(),
  sentence: z.string(),
  refused_at: instantOut,
})

const qualitySchema = z.object({
  demo: z.boolean(),
  since: instantOut,
  known_at: instantOut,
  catalogue_version: z.string(),
  collector: z.object({
    clock_accusation: z
      .object({ by_ms: z.number(), sentence: z.string() })
      .nullable()
      .meta({ description: 'the collector doubts its own clock: nothing is deposited anew' }),
    deposits_suspended: z
      .boolean()
      .meta({ description: 'the collector doubts its links: deposits are visible, not drawable' }),
    recovering: z
      .boolean()
      .meta({ description: 'the ledger was restored: nothing is granted, see /v1/recovery' }),
  }),
  forecast: forecastQualitySchema,
  conflicts: listOf(conflictSchema),
  clones: listOf(
    z.object({
      node_id: z.string(),
      remote_address: z.string(),
      reason: z.enum(['other_fingerprint', 'old_join_state']),
      seen_at: instantOut,
    }),
  ),
  epochs: listOf(
    z.object({
      node_id: z.string(),
      epoch: z.string(),
      previous_epoch: z.string().nullable(),
      begun_as: z
        .enum(['replaced', 'forked'])
        .meta({ description: 'forked: the spool before held other records than were taken' }),
      began_at: instantOut,
    }),
  ),
  refused: listOf(refusedSchema),
  holes: listOf(refusedSchema).meta({
    description: 'the refused rows that name time a node left out: booked unknown(refused)',
  }),
  silences: listOf(
    z.object({
      node_id: z.string(),
      unit_id: z.number().int().nullable(),
      cause: z.string(),
      from: instantOut,
      to: instantOut.nullable(),
      declared_at: instantOut,
    }),
  ),
  clock_offsets: listOf(
    z.object({
      node_id: z.string(),
      clock_offset_ms: z.number(),
      depositable: z.boolean(),
    }),
  ),
  clock_steps: listOf(
    z.object({
      node_id: z.string(),
      at: instantOut.meta({ description: 'end of the tick that told it: a minute at most after' }),
      step_ms: z.number().int(),
    }),
  ).meta({ description: 'steps of the wall clock of a node: evidence, no interval is moved' }),
  clock_gaps: listOf(
    z.object({ node_id: z.string(), from: instantOut, to: instantOut }).meta({
      description: 'where a node has mended its timeline after a wrong clock: unknown(clock)',
    }),
  ),
  suspended_nodes: listOf(z.object({ node_id: z.string(), last_heard_at: instantOut })),
  unrated_models: listOf(
    z.object({ vendor: z.string(), printed_name: z.string(), cards: z.number().int() }),
  ),
  weak_identities: listOf(
    z.object({ node_id: z.string(), unit_id: z.number().int(), identity: z.string().nullable() }),
  ),
})

export function qualityRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/quality',
    {
      config: { access: 'quality' },
      schema: {
        summary:
          'Conflicts, clones, replaced spools, refused records, silent agents, clocks, unrated models',
        querystring: z.strictObject({ since: instantIn.optional() }),
        response: { 200: qualitySchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { store, clock, ledger, catalogue } = context
      const { scope } = askerOf(request)
      const nowMs = clock.wallMs()
      const sinceMs = request.query.since ?? nowMs - SINCE_MS_DEFAULT
      const parts = { store, settledLagMs: context.settings.settledLagMs }
      const [rows, { counts }] = await Promise.all([
        store.readQuality(scope, sinceMs),
        cardsAt(parts, scope, { asOfMs: nowMs, knownAtMs: nowMs }),
      ])
      return {
        demo: ledger.isDemo,
        since: instantText(sinceMs),
        known_at: instantText(nowMs),
        catalogue_version: catalogue.version,
        collector: selfDoubtOf(context),
        forecast: forecastQuality(context.forecast?.report() ?? null),
        conflicts: await conflictsOf(context, scope, rows),
        ...anomaliesOf(rows),
        ...sessionsOf(context, rows),
        unrated_models: unratedModels(context, counts),
        weak_identities: weakIdentities(rows),
      }
    },
  )
}

function cut<Row>(rows: readonly Row[]): { total: number; rows: Row[] } {
  return { total: rows.length, rows: rows.slice(0, ROWS_SHOWN_MAX) }
}

function anomaliesOf(rows: QualityRows) {
  return {
    clones: cut(
      rows.clones.map((clone) => ({
        node_id: clone.nodeId,
        remote_address: clone.remoteAddress,
        reason: clone.reason,
        seen_at: instantText(clone.seenAtMs),
      })),
    ),
    epochs: cut(
      rows.epochs.map((epoch) => ({
        node_id: epoch.nodeId,
        epoch: epoch.epoch,
        previous_epoch: epoch.previousEpoch,
        begun_as: epoch.begunAs,
        began_at: instantText(epoch.beganAtMs),
      })),
    ),
    refused: cut(rows.refused.map(refusedOf)),
    holes: cut(rows.refused.filter(({ code }) => code === HOLE_CODE).map(refusedOf)),
    clock_steps: cut(
      rows.clockSteps.map(({ nodeId, atMs, stepMs }) => ({
        node_id: nodeId,
        at: instantText(atMs),
        step_ms: stepMs,
      })),
    ),
    clock_gaps: cut(
      rows.clockGaps.map(({ nodeId, fromMs, toMs }) => ({
        node_id: nodeId,
        from: instantText(fromMs),
        to: instantText(toMs),
      })),
    ),
    silences: cut(
      rows.silences.map((silence) => ({
        node_id: silence.nodeId,
        unit_id: silence.unitId,
        cause: causeOf(silence.code),
        from: instantText(silence.fromMs),
        to: instantOrNull(silence.toMs),
        declared_at: instantText(silence.declaredAtMs),
      })),
    ),
  }
}

function refusedOf(row: QualityRows['refused'][number]): z.infer<typeof refusedSchema> {
  return {
    node_id: row.nodeId,
    epoch: row.epoch,
    seq: row.seq,
    code: row.code,
    sentence: row.sentence,
    refused_at: instantText(row.refusedAtMs),
  }
}

function selfDoubtOf({ control }: ApiContext) {
  const accusation = control.clockAccusation()
  return {
    clock_accusation:
      accusation === null ? null : { by_ms: accusation.byMs, sentence: accusation.sentence },
    deposits_suspended: control.depositsSuspended(),
    recovering: control.recovery().isRecovering(),
  }
}

async function conflictsOf({ store }: ApiContext, scope: Scope, { conflicts }: QualityRows) {
  const shown = await conflictAnswers(store, scope, conflicts.slice(0, ROWS_SHOWN_MAX))
  return { total: conflicts.length, rows: shown }
}

function sessionsOf({ isSuspended }: ApiContext, { sessions }: QualityRows) {
  const offsets = sessions.flatMap(({ nodeId, clockOffsetMs }) => {
    if (clockOffsetMs === null || Math.abs(clockOffsetMs) <= OFFSET_FLAGGED_MS) return []
    const depositable = Math.abs(clockOffsetMs) <= OFFSET_NOT_DEPOSITABLE_MS
    return [{ node_id: nodeId, clock_offset_ms: clockOffsetMs, depositable }]
  })
  const suspended = sessions.filter(({ nodeId }) => isSuspended(nodeId))
  return {
    clock_offsets: cut(offsets),
    suspended_nodes: cut(
      suspended.map((session) => ({
        node_id: session.nodeId,
        last_heard_at: instantText(session.lastHeardMs),
      })),
    ),
  }
}

function unratedModels({ lookup }: ApiContext, counts: readonly CardCount[]) {
  const unrated = new Map<string, { vendor: string; printed_name: string; cards: number }>()
  for (const { cards, profile } of counts) {
    if (lookup.match(profile).rated) continue
    const key = JSON.stringify([profile.vendor, profile.name])
    const row = unrated.get(key) ?? {
      vendor: profile.vendor,
      printed_name: profile.name,
      cards: 0,
    }
    row.cards += cards
    unrated.set(key, row)
  }
  return cut([...unrated.values()].sort((left, right) => right.cards - left.cards))
}

function weakIdentities({ weakIdentities: { rows, total } }: QualityRows) {
  return {
    total,
    rows: rows.slice(0, ROWS_SHOWN_MAX).map(({ nodeId, unitId, strongestIdentity }) => ({
      node_id: nodeId,
      unit_id: unitId,
      identity: strongestIdentity,
    })),
  }
}
