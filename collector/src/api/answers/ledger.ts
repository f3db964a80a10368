/**
 * The one ledger as people and programs get it, over HTTP and on the command line. The figures are
 * made in `rollup/ledger.ts`; here the instant is chosen and the figures are written out.
 */
import { HOUR_MS } from '@yiben/shared'
import { z } from 'zod'
import { petaflopsText } from '../../catalogue/petaflops.ts'
import type { CardCounts } from '../../model/card-count.ts'
import {
  CONNECTED_WITHIN_MS,
  LAPSED_AFTER_MS,
  LEDGER_DEFINITION_VERSION,
} from '../../rollup/definitions.ts'
import { EVIDENCE_LEVELS, type EvidenceLevel } from '../../rollup/evidence.ts'
import {
  type CpuFigure,
  LEDGER_GROUPINGS,
  LEDGER_STAGES,
  type LedgerGrouping,
  type LedgerRow,
  type LedgerStage,
  ledgerOf,
} from '../../rollup/ledger.ts'
import { finalityOf } from '../../rollup/seal.ts'
import type { LedgerState, Scope } from '../../storage/requests.ts'
import type { Store } from '../../storage/store.ts'
import { decimalOut, instantOut, instantText, ratioOfPpm, ratioOut } from '../schemas.ts'
import { declaredFlag, declaredFlagSchema } from './declared-flag.ts'
import type { CatalogueLookup } from './lookup.ts'
import { pedigreeOf, pedigreeSchema } from './pedigree.ts'

const figureSchema = z.object({
  cards: z.number().int(),
  p: decimalOut,
  share_of_cards: ratioOut,
  share_of_p: ratioOut,
})

const evidenceSchema = z.object({ cards: z.number().int(), p: decimalOut })

const rowSchema = z.object({
  key: z.string().nullable(),
  declared: z.object({
    cards: z.number().int(),
    p: decimalOut,
    p_fp16_sparse: decimalOut,
    p_basis_unstated: decimalOut,
    flag: declaredFlagSchema.nullable(),
  }),
  stages: z.object(
    Object.fromEntries(LEDGER_STAGES.map((stage) => [stage, figureSchema])) as Record<
      LedgerStage,
      typeof figureSchema
    >,
  ),
  not_connected_cards: z.number().int(),
  lapsed_cards: z.number().int(),
  unrated_cards: z.number().int(),
  coverage: ratioOut,
  access_rate: z.number().min(0).nullable(),
  evidence: z
    .object(
      Object.fromEntries(EVIDENCE_LEVELS.map((level) => [level, evidenceSchema])) as Record<
        EvidenceLevel,
        typeof evidenceSchema
      >,
    )
    .meta({ description: 'connected cards by how well it is founded what they did' }),
  cpu: z
    .object({
      nodes: z.number().int(),
      nodes_without_cores: z.number().int(),
      cores: z.number().int(),
      core_hours: z
        .object({
          from: instantOut,
          to: instantOut,
          nodes: z.number().int().meta({ description: 'connected nodes that have told it' }),
          total: decimalOut,
          busy: decimalOut,
        })
        .meta({ description: 'of the last full hour before as_of' }),
    })
    .nullable()
    .meta({
      description: 'processor cores of connected nodes, apart from P; null by vendor, model',
    }),
})

export const ledgerSchema = pedigreeSchema
  .extend({
    implausible_cards: z.number().int().meta({
      description: 'cards counted in it of which something told is not plausible (/v1/findings)',
    }),
    by: z.enum(LEDGER_GROUPINGS),
    rows: z.array(rowSchema),
  })
  .meta({ id: 'Ledger' })
export type LedgerAnswer = z.infer<typeof ledgerSchema>

export interface LedgerParts {
  readonly store: Pick<
    Store,
    'readLedgerAt' | 'readDeclared' | 'readSitesAt' | 'rollupBacklog' | 'countFindings'
  >
  readonly lookup: CatalogueLookup
  readonly ledger: Pick<LedgerState, 'isDemo'>
  readonly catalogueVersion: string
  readonly timeZone: string
  readonly settledLagMs: number
}

export interface LedgerAsk {
  readonly scope: Scope
  /** `null`: the latest instant of which every live node has told. */
  readonly asOfMs: number | null
  /** `null`: now. */
  readonly knownAtMs: number | null
  readonly by: LedgerGrouping
  readonly nowMs: number
}

export async function ledgerAnswer(parts: LedgerParts, ask: LedgerAsk): Promise<LedgerAnswer> {
  const { store, lookup } = parts
  const knownAtMs = ask.knownAtMs ?? ask.nowMs
  const asOfMs = ask.asOfMs ?? (await toldInstant(parts, ask.scope, knownAtMs))
  const [cards, declared, sites, backlog, implausible] = await Promise.all([
    cardsAt(parts, ask.scope, { asOfMs, knownAtMs }),
    store.readDeclared(ask.scope, knownAtMs),
    store.readSitesAt(ask.scope, { atMs: asOfMs, knownAtMs }),
    store.rollupBacklog(),
    store.countFindings(ask.scope, knownAtMs),
  ])
  const { counts, nodes } = cards
  const rows = ledgerOf({ counts, nodes, declared, by: ask.by, lookup: lookup.forSites(sites) })
  const finality = finalityOf({
    toMs: Math.floor(asOfMs / HOUR_MS) * HOUR_MS + HOUR_MS,
    knownAtMs,
    lastSealedHourMs: backlog.lastSealedHourMs,
    timeZone: parts.timeZone,
  })
  const pedigree = pedigreeOf({
    isDemo: parts.ledger.isDemo,
    asOfMs,
    knownAtMs,
    finality,
    definitionVersion: LEDGER_DEFINITION_VERSION,
    catalogueVersion: parts.catalogueVersion,
  })
  return {
    ...pedigree,
    implausible_cards: implausible.cards,
    by: ask.by,
    rows: rows.map((row) => rowText(row, cards.coreHourMs)),
  }
}

/** Of this many cards each was in such a state at the instant, as far as it was known then. */
export function cardsAt(
  { store, settledLagMs }: Pick<LedgerParts, 'store' | 'settledLagMs'>,
  scope: Scope,
  instant: { readonly asOfMs: number; readonly knownAtMs: number },
): Promise<CardCounts> {
  return store.readLedgerAt(scope, {
    ...instant,
    connectedWithinMs: CONNECTED_WITHIN_MS,
    lapsedAfterMs: LAPSED_AFTER_MS,
    settledLagMs,
  })
}

/**
 * The latest instant at which no live node has anything left to tell: its cards are in a state, not
 * on the way. A node that lags further than the settled lag does not hold the ledger back.
 */
async function toldInstant(parts: LedgerParts, scope: Scope, knownAtMs: number): Promise<number> {
  const { untoldFromMs } = await cardsAt(parts, scope, { asOfMs: knownAtMs, knownAtMs })
  // Half-open: the last instant a run covers lies before its end.
  return untoldFromMs === null ? knownAtMs : Math.min(knownAtMs, untoldFromMs - 1)
}

function rowText(row: LedgerRow, coreHourMs: number): LedgerAnswer['rows'][number] {
  const figures = LEDGER_STAGES.map((stage) => {
    const { cards, nanoTflops, cardsPpm, nanoTflopsPpm } = row.stages[stage]
    const figure = {
      cards,
      p: petaText(nanoTflops),
      share_of_cards: ratioOfPpm(cardsPpm),
      share_of_p: ratioOfPpm(nanoTflopsPpm),
    }
    return [stage, figure] as const
  })
  const levels = EVIDENCE_LEVELS.map((level) => {
    const { cards, nanoTflops } = row.evidence[level]
    return [level, { cards, p: petaText(nanoTflops) }] as const
  })
  return {
    key: row.key,
    declared: {
      cards: row.declared.cards,
      p: petaText(row.declared.denseNanoTflops),
      p_fp16_sparse: petaText(row.declared.sparseNanoTflops),
      p_basis_unstated: petaText(row.declared.unstatedNanoTflops),
      flag: declaredFlag(row.declaredExcesses),
    },
    stages: Object.fromEntries(figures) as LedgerAnswer['rows'][number]['stages'],
    not_connected_cards: row.notConnectedCards,
    lapsed_cards: row.lapsedCards,
    unrated_cards: row.unratedCards,
    coverage: ratioOfPpm(row.coveragePpm),
    access_rate: ratioOfPpm(row.accessPpm),
    evidence: Object.fromEntries(levels) as LedgerAnswer['rows'][number]['evidence'],
    cpu: row.cpu === null ? null : cpuText(row.cpu, coreHourMs),
  }
}

function cpuText(cpu: CpuFigure, coreHourMs: number): LedgerAnswer['rows'][number]['cpu'] {
  return {
    nodes: cpu.nodes,
    nodes_without_cores: cpu.nodesWithoutCores,
    cores: cpu.cores,
    core_hours: {
      from: instantText(coreHourMs),
      to: instantText(coreHourMs + HOUR_MS),
      nodes: cpu.nodesWithHour,
      total: hoursText(cpu.cpuTotalMs),
      busy: hoursText(cpu.cpuBusyMs),
    },
  }
}

/** Core-hours with three decimals, rounded down: for people, never for sums. */
function hoursText(coreMs: bigint): string {
  const thousandths = (coreMs * 1_000n) / BigInt(HOUR_MS)
  return `${thousandths / 1_000n}.${(thousandths % 1_000n).toString().padStart(3, '0')}`
}

/** Every P of the ledger is a bigint of nano-TFLOPS; sums keep the unit, not the brand. */
export function petaText(nanoTflops: bigint): string {
  return petaflopsText(nanoTflops as Parameters<typeof petaflopsText>[0])
}
