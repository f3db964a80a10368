/**
 * `GET /v1/quality`: what a person should look at. Doubts of the collector about itself, conflicts,
 * what is not plausible, clones, spools that were replaced, refused records and the holes among them, silences, clock
 * offsets, steps and gaps, models without a figure, weak identities. Lists are cut; totals are not.
 */
import { causeOf, type ErrorCode } from '@yiben/shared'
import { z } from 'zod'
import type { QualityRows, Scope } from '../../storage/requests.ts'
import { childQualityAnswer } from '../answers/children.ts'
import { conflictAnswers } from '../answers/conflicts.ts'
import { findingAnswer } from '../answers/findings.ts'
import { forecastQuality } from '../answers/forecast.ts'
import { cardsAt } from '../answers/ledger.ts'
import { qualitySchema, type refusedSchema } from '../answers/quality.ts'
import { unratedModels } from '../answers/unrated-models.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantIn, instantOrNull, instantText, PROBLEMS } from '../schemas.ts'

const ROWS_SHOWN_MAX = 500
/** What ingest notes where a record does not begin at the end of what is booked. */
const HOLE_CODE: ErrorCode = 'record_not_contiguous'
const SINCE_MS_DEFAULT = 7 * 86_400_000
/** DESIGN 2.1: over 2 s flagged, over 5 s not depositable. */
const OFFSET_FLAGGED_MS = 2_000
const OFFSET_NOT_DEPOSITABLE_MS = 5_000

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
      const [rows, told, { counts }] = await Promise.all([
        store.readQuality(scope, sinceMs),
        store.readChildQuality(scope, sinceMs),
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
        children: childQualityAnswer(told, ROWS_SHOWN_MAX),
        implausible: await implausibleOf(context, scope, nowMs),
        ...anomaliesOf(rows),
        ...sessionsOf(context, rows),
        unrated_models: cut(unratedModels(context.lookup, counts)),
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

async function implausibleOf({ store }: ApiContext, scope: Scope, nowMs: number) {
  const page = { cursor: null, limit: ROWS_SHOWN_MAX }
  const [{ findings }, { rows }] = await Promise.all([
    store.countFindings(scope, nowMs),
    store.listFindings(scope, true, page),
  ])
  return { total: findings, rows: rows.map(findingAnswer) }
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
