/**
 * Accelerators: the inventory with its placements, what one did with its time, and whether that
 * adds up. An accelerator is named by its resource code (`YA…`) or its number.
 */
import { AppError, HOUR_MS, resourceCode, resourceOf } from '@yiben/shared'
import { z } from 'zod'
import type { UnitRow } from '../../model/inventory.ts'
import type { Store } from '../../storage/store.ts'
import { seesDepositReasons } from '../access.ts'
import { balanceAnswer, balanceSchema } from '../answers/balance.ts'
import { issuedCodesOf, issuedCodesSchema } from '../answers/codes.ts'
import {
  type DepositStatusAnswer,
  depositStatusOf,
  depositStatusSchema,
} from '../answers/deposit-status.ts'
import { petaText } from '../answers/ledger.ts'
import { segmentSchema, segmentsOf, segmentText } from '../answers/segments.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import {
  checkedSpan,
  decimalOut,
  instantIn,
  instantOrNull,
  instantOut,
  instantText,
  nextCursorOut,
  PROBLEMS,
  pageIn,
  pageOf,
} from '../schemas.ts'
import { scopeWithin } from '../site-scope.ts'

/** A month of one card: its runs are thousands, and at worst a few million. */
const SPAN_MS_MAX = 31 * 24 * HOUR_MS

const unitSchema = z
  .object({
    accelerator_id: z.string().meta({ description: 'our own resource code' }),
    unit_id: z.number().int(),
    node_id: z.string(),
    site_code: z.string(),
    kind: z.enum(['card', 'slice', 'unsliced']),
    parent_unit_id: z.number().int().nullable(),
    vendor: z.string(),
    printed_name: z.string(),
    model: z.string().nullable(),
    domestic: z.boolean().nullable(),
    p: decimalOut.nullable().meta({ description: 'FP16 dense; null where the model is unrated' }),
    share_ppm: z.number().int(),
    memory_total_mib: z.number().nullable(),
    power_cap_watts: z.number().nullable(),
    driver_version: z.string().nullable(),
    identity: z.enum(['strong', 'board', 'slot']).nullable(),
    valid_from: instantOut,
    valid_to: instantOut.nullable(),
    valid_to_reason: z.enum(['moved', 'recut', 'retired', 'replaced']).nullable(),
    in_conflict: z.boolean(),
    counted: z.boolean(),
  })
  .meta({ id: 'AcceleratorPlacement' })

const listSchema = z.object({
  demo: z.boolean(),
  catalogue_version: z.string(),
  accelerators: z.array(unitSchema),
  next_cursor: nextCursorOut,
})
const oneSchema = z.object({
  demo: z.boolean(),
  catalogue_version: z.string(),
  accelerator_id: z.string(),
  placements: z.array(unitSchema.extend({ deposit_status: depositStatusSchema.nullable() })),
  issued_codes: issuedCodesSchema,
})
const timelineSchema = z.object({
  demo: z.boolean(),
  accelerator_id: z.string(),
  from: instantOut,
  to: instantOut,
  known_at: instantOut,
  placements: z.array(
    z.object({
      unit_id: z.number().int(),
      node_id: z.string(),
      site_code: z.string(),
      told_to: instantOut.nullable(),
      segments: z.array(segmentSchema),
      deposits: z.array(
        z.object({
          deposit_id: z.string(),
          opened_at: instantOut,
          closed_at: instantOut.nullable(),
          close_reason: z.string().nullable(),
        }),
      ),
    }),
  ),
})

const idParams = z.object({ id: z.string().max(32) })
const spanIn = z.strictObject({
  from: instantIn,
  to: instantIn,
  known_at: instantIn.optional(),
})

export function acceleratorsRoutes(app: App, context: ApiContext): void {
  const { store, ledger, catalogue } = context
  const head = { demo: ledger.isDemo, catalogue_version: catalogue.version }
  app.get(
    '/v1/accelerators',
    {
      config: { access: 'accelerators' },
      schema: {
        summary: 'Every placement of every accelerator and slice',
        querystring: z.strictObject({
          ...pageIn,
          site: z.string().max(32).optional(),
          node: z.string().max(64).optional(),
        }),
        response: { 200: listSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { site, node = null } = request.query
      const scope = scopeWithin(askerOf(request).scope, site)
      const page = await store.listUnits(scope, pageOf(request.query), node)
      const accelerators = page.rows.map((unit) => unitOf(context, unit))
      return { ...head, accelerators, next_cursor: page.nextCursor }
    },
  )
  app.get(
    '/v1/accelerators/:id',
    {
      config: { access: 'accelerators' },
      schema: {
        summary: 'One accelerator, everywhere it has been',
        params: idParams,
        response: { 200: oneSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const asker = askerOf(request)
      const units = await placementsOf(store, asker, request.params.id)
      const placements = []
      for (const unit of units) {
        const status = seesDepositReasons(asker.role) ? await depositStatus(context, unit) : null
        placements.push({ ...unitOf(context, unit), deposit_status: status })
      }
      const accelerator_id = codeOf(units[0])
      const issued_codes = await issuedCodesOf(context, accelerator_id)
      return { ...head, accelerator_id, placements, issued_codes }
    },
  )
  timelineRoute(app, context)
  balanceRoute(app, context)
}

function timelineRoute(app: App, context: ApiContext): void {
  app.get(
    '/v1/accelerators/:id/timeline',
    {
      config: { access: 'accelerators' },
      schema: {
        summary: 'What it did with its time, up to 31 days',
        params: idParams,
        querystring: spanIn,
        response: { 200: timelineSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { store, clock, ledger } = context
      const asker = askerOf(request)
      const span = checkedSpan(request.query, SPAN_MS_MAX)
      const knownAtMs = request.query.known_at ?? clock.wallMs()
      const units = await placementsOf(store, asker, request.params.id)
      const range = { fromMs: span.fromMs, toMs: Math.min(span.toMs, knownAtMs) }
      const placements = []
      for (const unit of units.filter((one) => touches(one, range))) {
        const placement = await placementOf(store, asker, unit, { ...range, knownAtMs })
        if (placement !== null) placements.push(placement)
      }
      return {
        demo: ledger.isDemo,
        accelerator_id: codeOf(units[0]),
        from: instantText(span.fromMs),
        to: instantText(span.toMs),
        known_at: instantText(knownAtMs),
        placements,
      }
    },
  )
}

function balanceRoute(app: App, context: ApiContext): void {
  app.get(
    '/v1/accelerators/:id/balance',
    {
      config: { access: 'accelerators' },
      schema: {
        summary: 'Whether the seven states add up to wall time',
        params: idParams,
        querystring: z.strictObject({ from: instantIn, to: instantIn }),
        response: { 200: balanceSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { store, clock, ledger } = context
      const { scope } = askerOf(request)
      const span = checkedSpan(request.query, SPAN_MS_MAX)
      const [unit] = await placementsOf(store, askerOf(request), request.params.id)
      return balanceAnswer(store, {
        scope,
        acceleratorId: unit === undefined ? null : unit.acceleratorId,
        ...span,
        nowMs: clock.wallMs(),
        isDemo: ledger.isDemo,
      })
    },
  )
}

/** `YA0000002SX` or `42`; `null` for anything else. */
export function acceleratorIdOf(text: string): number | null {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  const resource = resourceOf(text)
  return resource?.kind === 'accelerator' ? resource.number : null
}

async function placementsOf(
  store: Pick<Store, 'findUnits'>,
  asker: Asker,
  text: string,
): Promise<readonly UnitRow[]> {
  const id = acceleratorIdOf(text)
  const units = id === null ? [] : await store.findUnits(asker.scope, id)
  if (units.length === 0) throw new AppError('not_found', `no accelerator ${text} here`)
  return units
}

async function placementOf(
  store: Pick<Store, 'readUnitSpan'>,
  asker: Asker,
  unit: UnitRow,
  range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
) {
  const span = await store.readUnitSpan(asker.scope, unit.unitId, range)
  if (span === null) return null
  return {
    unit_id: unit.unitId,
    node_id: unit.nodeId,
    site_code: unit.siteCode,
    told_to: instantOrNull(span.timelineEndMs),
    segments: segmentsOf(span, clipped(unit, range)).map(segmentText),
    deposits: span.deposits.map((deposit) => ({
      deposit_id: deposit.depositId,
      opened_at: instantText(deposit.openedAtMs),
      closed_at: instantOrNull(deposit.closedAtMs),
      close_reason: deposit.closeReason,
    })),
  }
}

async function depositStatus({ control }: ApiContext, unit: UnitRow): Promise<DepositStatusAnswer> {
  const told = unit.validToMs === null ? await control.explainDeposits(unit.nodeId) : []
  return depositStatusOf(told, unit)
}

/** A node's silence goes on where this placement has ended or not begun. */
function clipped(unit: UnitRow, range: { readonly fromMs: number; readonly toMs: number }) {
  return {
    fromMs: Math.max(range.fromMs, unit.validFromMs),
    toMs: Math.min(range.toMs, unit.bookedToMs ?? range.toMs),
  }
}

function touches(unit: UnitRow, range: { readonly fromMs: number; readonly toMs: number }) {
  return unit.validFromMs < range.toMs && (unit.bookedToMs ?? range.toMs) > range.fromMs
}

function codeOf(unit: UnitRow | undefined): string {
  return unit === undefined ? '' : resourceCode('accelerator', unit.acceleratorId)
}

function unitOf({ lookup }: ApiContext, unit: UnitRow): z.infer<typeof unitSchema> {
  const match = lookup.match(unit.profile)
  const rate = lookup.rate(unit.profile, unit.sharePpm)
  return {
    accelerator_id: codeOf(unit),
    unit_id: unit.unitId,
    node_id: unit.nodeId,
    site_code: unit.siteCode,
    kind: unit.kind,
    parent_unit_id: unit.parentUnitId,
    vendor: unit.profile.vendor,
    printed_name: unit.profile.name,
    model: match.model,
    domestic: match.domestic,
    p: rate === null ? null : petaText(rate),
    share_ppm: unit.sharePpm,
    memory_total_mib: unit.profile.memoryTotalMib,
    power_cap_watts: unit.profile.powerCapWatts,
    driver_version: unit.driverVersion,
    identity: unit.strongestIdentity,
    valid_from: instantText(unit.validFromMs),
    valid_to: instantOrNull(unit.validToMs),
    valid_to_reason: unit.validToReason,
    in_conflict: unit.isInConflict,
    counted: unit.isCounted,
  }
}
