/** Who runs what, where, since when. Validity is half-open, UTC epoch ms; `null` = still. */
import type { DeviceProfile } from './inventory.ts'

export interface Site {
  readonly code: string
  readonly name: string
  /** Terms in force at the time asked for. */
  readonly terms: SiteTerms
}

/** Who operates a site, who owns what stands in it and where it lies, for a span of time. */
export interface SiteTerms {
  /** Unified social credit code (GB 32100) of the operator; `null` until it is stated. */
  readonly operatorCode: string | null
  readonly operatorName: string | null
  /** Unified social credit code of who deposits; defaults to the operator. */
  readonly ownerCode: string | null
  readonly ownerName: string | null
  /** GB/T 2260, six digits. */
  readonly regionCode: string
  /** Cards that the owner never has deposited here, by model; each model once. */
  readonly keep: readonly KeptCards[]
  readonly validFromMs: number
  readonly validToMs: number | null
}

export interface KeptCards {
  /** Of the catalogue. */
  readonly model: string
  readonly cards: number
}

/** Cards of one model at one site, as the bank counts them under the owner's word to keep some. */
export interface ModelAtSite {
  readonly siteCode: string
  readonly model: string
  /** Printed names that are of the model, as far as they are known. */
  readonly profiles: readonly DeviceProfile[]
}

/** Whole cards of one profile at one site that stand there now and count, and those deposited. */
export interface CardStock {
  readonly siteCode: string
  readonly profile: DeviceProfile
  readonly placed: number
  readonly deposited: number
}

/** What an operator says it has; never summed with what is measured. */
export interface DeclaredCapacity {
  readonly siteCode: string
  readonly model: string
  readonly cards: number
  /** As declared, in milli-PFLOPS, on the basis named beside it. */
  readonly declaredMilliP: bigint
  readonly basis: 'fp16_dense' | 'fp16_sparse' | 'unstated'
  readonly author: string
  readonly declaredAtMs: number
}
