/** Connected cards by origin of their maker: a grouping of rows that are all shown. Pure. */
import type { LedgerRow } from './ledger-figures.ts'

export type Origin = 'domestic' | 'foreign'

export interface OriginSum {
  readonly origin: Origin | 'unknown'
  readonly cards: number
  /** Decimal text, exact. */
  readonly p: string
  readonly shareOfCards: number | null
  readonly shareOfP: number | null
}

/** In the order domestic, foreign, unknown; what has no cards is left out. */
export function originsOf(
  rows: readonly LedgerRow[],
  originOf: (row: LedgerRow) => Origin | null,
): readonly OriginSum[] {
  const sums = {
    domestic: { cards: 0, p: 0n },
    foreign: { cards: 0, p: 0n },
    unknown: { cards: 0, p: 0n },
  }
  let cardsAll = 0
  let pAll = 0n
  for (const row of rows) {
    const sum = sums[originOf(row) ?? 'unknown']
    const { cards, p } = row.stages.connected
    sum.cards += cards
    sum.p += decimalUnits(p)
    cardsAll += cards
    pAll += decimalUnits(p)
  }
  return (['domestic', 'foreign', 'unknown'] as const)
    .map((origin) => {
      const { cards, p } = sums[origin]
      return {
        origin,
        cards,
        p: decimalText(p),
        shareOfCards: cardsAll === 0 ? null : cards / cardsAll,
        shareOfP: pAll === 0n ? null : Number((p * 1_000_000n) / pAll) / 1_000_000,
      }
    })
    .filter(({ cards }) => cards > 0)
}

/** The ledger tells P to the nano-TFLOPS: twelve decimals. */
const DECIMALS = 12

function decimalUnits(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(`${whole}${fraction.padEnd(DECIMALS, '0').slice(0, DECIMALS)}`)
}

function decimalText(units: bigint): string {
  const digits = units.toString().padStart(DECIMALS + 1, '0')
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '')
  const whole = digits.slice(0, -DECIMALS)
  return fraction === '' ? whole : `${whole}.${fraction}`
}
