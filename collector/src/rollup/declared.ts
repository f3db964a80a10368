/**
 * What operators say they have: beside what is measured, never summed with it. Only figures on the
 * dense FP16 basis are comparable with P; each other basis keeps a sum of its own.
 */
import type { DeclaredCapacity } from '../model/site.ts'

/** Where a site is and whose it is at an instant; the empty string where nobody stated it. */
export interface SitePlace {
  readonly regionCode: string
  readonly operatorCode: string
  readonly ownerCode: string
}

/** Nano-TFLOPS, like every P of the ledger. */
export interface DeclaredSums {
  readonly cards: number
  readonly denseNanoTflops: bigint
  readonly sparseNanoTflops: bigint
  readonly unstatedNanoTflops: bigint
}

/** Peak rates of one card as the catalogue has them; `null`: nobody vouches for one. */
export interface ModelRates {
  readonly denseNanoTflops: bigint | null
  readonly sparseNanoTflops: bigint | null
}

/** A declaration of more P than the cards named in it have by the catalogue. */
export interface DeclaredExcess {
  readonly declared: DeclaredCapacity
  readonly declaredNanoTflops: bigint
  /** Of the declared cards, on the basis that was stated; dense where none was. */
  readonly catalogueNanoTflops: bigint
  readonly sparseNanoTflops: bigint | null
  /** Declared / catalogue; `null` where no card is declared for it. */
  readonly ratioPpm: number | null
  /** The figure is that of the cards with structured sparsity, within the tolerance. */
  readonly fitsSparse: boolean
}

const NANO_TFLOPS_PER_MILLI_P = 10n ** 9n
const PPM = 1_000_000n
/** Rounded figures and other boost clocks stay within this; a sparse figure is twice the dense one. */
export const DECLARED_TOLERANCE_PPM = 50_000n

/** Declarations above the catalogue's figure by more than the tolerance, the largest excess first. */
export function declaredExcesses(
  rows: readonly DeclaredCapacity[],
  ratesOf: (model: string) => ModelRates | null,
): readonly DeclaredExcess[] {
  return [...latestOf(rows)]
    .flatMap((row) => {
      const excess = excessOf(row, ratesOf(row.model))
      return excess === null ? [] : [excess]
    })
    .sort((left, right) => compareExcesses(left, right))
}

/** `null` where there is none, and where the catalogue has no figure on that basis. */
function excessOf(declared: DeclaredCapacity, rates: ModelRates | null): DeclaredExcess | null {
  if (rates === null) return null
  const cards = BigInt(declared.cards)
  const { denseNanoTflops: dense, sparseNanoTflops: sparse } = rates
  const one = declared.basis === 'fp16_sparse' ? sparse : dense
  if (one === null) return null
  const declaredNanoTflops = declared.declaredMilliP * NANO_TFLOPS_PER_MILLI_P
  const catalogueNanoTflops = one * cards
  if (!isAbove(declaredNanoTflops, catalogueNanoTflops)) return null
  const sparseNanoTflops = sparse === null ? null : sparse * cards
  return {
    declared,
    declaredNanoTflops,
    catalogueNanoTflops,
    sparseNanoTflops,
    ratioPpm:
      catalogueNanoTflops === 0n ? null : Number((declaredNanoTflops * PPM) / catalogueNanoTflops),
    fitsSparse:
      declared.basis !== 'fp16_sparse' &&
      sparseNanoTflops !== null &&
      !isAbove(declaredNanoTflops, sparseNanoTflops) &&
      !isAbove(sparseNanoTflops, declaredNanoTflops),
  }
}

function isAbove(figure: bigint, other: bigint): boolean {
  return figure * PPM > other * (PPM + DECLARED_TOLERANCE_PPM)
}

function compareExcesses(left: DeclaredExcess, right: DeclaredExcess): number {
  const [more, other] = [left, right].map(
    (one) => one.declaredNanoTflops - one.catalogueNanoTflops,
  ) as [bigint, bigint]
  return more > other ? -1 : more < other ? 1 : 0
}

/** The latest statement per site and model counts; an earlier one was replaced by it. */
export function declaredSums(rows: readonly DeclaredCapacity[]): DeclaredSums {
  const sums = { cards: 0, fp16_dense: 0n, fp16_sparse: 0n, unstated: 0n }
  for (const row of latestOf(rows)) {
    sums.cards += row.cards
    sums[row.basis] += row.declaredMilliP * NANO_TFLOPS_PER_MILLI_P
  }
  return {
    cards: sums.cards,
    denseNanoTflops: sums.fp16_dense,
    sparseNanoTflops: sums.fp16_sparse,
    unstatedNanoTflops: sums.unstated,
  }
}

function latestOf(rows: readonly DeclaredCapacity[]): Iterable<DeclaredCapacity> {
  const latest = new Map<string, DeclaredCapacity>()
  for (const row of rows) {
    const key = JSON.stringify([row.siteCode, row.model])
    const known = latest.get(key)
    if (known === undefined || row.declaredAtMs >= known.declaredAtMs) latest.set(key, row)
  }
  return latest.values()
}
