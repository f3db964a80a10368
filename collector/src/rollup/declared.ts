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

const NANO_TFLOPS_PER_MILLI_P = 10n ** 9n

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
