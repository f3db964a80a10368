/** What the one ledger's row says as funnel, levels and tiles. Pure; amounts stay as they came. */
import type { LedgerAnswer } from '../../../src/api/answers/ledger.ts'

type Row = LedgerAnswer['rows'][number]

/** What an older answer may lack; where it is missing nothing is shown. */
type Newer = 'evidence' | 'cpu'
export type LedgerRow = Omit<Row, Newer> & Partial<Pick<Row, Newer>>
export type Ledger = Omit<LedgerAnswer, 'rows'> & { readonly rows: readonly LedgerRow[] }

export type LedgerBasis = 'p' | 'cards'

/** The stages of the funnel from the outside in; states add up to connected, deposited is in free. */
export const FUNNEL = [
  { stage: 'declared', depth: 0 },
  { stage: 'connected', depth: 0 },
  { stage: 'busy', depth: 1 },
  { stage: 'lent', depth: 1 },
  { stage: 'allocated', depth: 1 },
  { stage: 'occupied', depth: 1 },
  { stage: 'free', depth: 1 },
  { stage: 'deposited', depth: 2 },
  { stage: 'faulty', depth: 1 },
  { stage: 'unknown', depth: 1 },
  { stage: 'untold', depth: 1 },
] as const
export type FunnelStage = (typeof FUNNEL)[number]['stage']

export interface FunnelStep {
  readonly stage: FunnelStage
  readonly depth: number
  readonly cards: number
  /** Decimal text. */
  readonly p: string
  /** Of connected; of declared there is none. */
  readonly share: number | null
  /** Where the bar begins and how long it is, of the widest: 0 to 1. */
  readonly start: number
  readonly width: number
}

/** `untold` only where there is any: asked for a settled instant there is none. */
export function funnelSteps(row: LedgerRow, basis: LedgerBasis): readonly FunnelStep[] {
  const amount = ({ cards, p }: { readonly cards: number; readonly p: string }) =>
    basis === 'p' ? Number(p) : cards
  const widest = Math.max(amount(row.declared), amount(row.stages.connected))
  const of = (part: number) => (widest > 0 ? part / widest : 0)
  // States follow each other along connected; deposited stands under the free it is a part of.
  let cursor = 0
  let parentStart = 0
  const steps: FunnelStep[] = []
  for (const { stage, depth } of FUNNEL) {
    const figure = stage === 'declared' ? row.declared : row.stages[stage]
    const width = of(amount(figure))
    const start = depth === 0 ? 0 : depth === 1 ? cursor : parentStart
    if (depth === 1) {
      parentStart = cursor
      cursor += width
    }
    if (stage === 'untold' && figure.cards === 0) continue
    const share = stage === 'declared' ? null : shareOf(row.stages[stage], basis)
    steps.push({ stage, depth, cards: figure.cards, p: figure.p, share, start, width })
  }
  return steps
}

/** A stage's share of connected, on the basis asked for. */
export function shareOf(figure: Row['stages']['free'], basis: LedgerBasis): number | null {
  return basis === 'p' ? figure.share_of_p : figure.share_of_cards
}

export const LEVELS = ['delivered', 'scheduler_confirmed', 'self_reported', 'none'] as const

export interface EvidenceLine {
  readonly level: (typeof LEVELS)[number]
  readonly cards: number
  readonly p: string
  /** Of connected cards. */
  readonly share: number | null
}

/** Best first; none where the answer does not tell. */
export function evidenceLines(row: LedgerRow): readonly EvidenceLine[] {
  const { evidence } = row
  if (evidence === undefined) return []
  const connected = row.stages.connected.cards
  return LEVELS.map((level) => ({
    level,
    ...evidence[level],
    share: connected === 0 ? null : evidence[level].cards / connected,
  }))
}

/** Figures a map can be coloured by. `share` lies in 0 to 1, `amount` has no upper end. */
export const MAP_FIGURES = [
  { name: 'connected', kind: 'amount' },
  { name: 'declared', kind: 'amount' },
  { name: 'free', kind: 'amount' },
  { name: 'deposited', kind: 'amount' },
  { name: 'lent', kind: 'amount' },
  { name: 'busy', kind: 'share' },
  { name: 'access_rate', kind: 'share' },
  { name: 'coverage', kind: 'share' },
] as const
export type MapFigure = (typeof MAP_FIGURES)[number]['name']

/** `null`: not known, or nothing it could be a share of. */
export function mapValue(row: LedgerRow, figure: MapFigure, basis: LedgerBasis): number | null {
  switch (figure) {
    case 'access_rate':
      return row.access_rate
    case 'coverage':
      return row.coverage
    case 'busy':
      return shareOf(row.stages.busy, basis)
    case 'declared':
      return basis === 'p' ? Number(row.declared.p) : row.declared.cards
    default:
      return basis === 'p' ? Number(row.stages[figure].p) : row.stages[figure].cards
  }
}

export function isShareFigure(figure: MapFigure): boolean {
  return MAP_FIGURES.some(({ name, kind }) => name === figure && kind === 'share')
}
