/** A Cambricon MLU as the parsers of cnmon make it, with the keys that `parse --json` prints. */
import type { CardDevice } from '../card.ts'

export interface CambriconDevice extends CardDevice {
  readonly fan_pct?: number | null
  /** Without the `v` in front. */
  readonly firmware?: string | null
  /** `null`: ECC is off. One-bit and two-bit errors are not told apart. */
  readonly ecc_errors?: number | null
  /** Since 5.10.22: `FULL`, or the way the card is split (MIM, sMLU). */
  readonly mode?: string | null
  /** Before 5.10.22, in the place of the mode. */
  readonly sriov?: string | null
  readonly compute_mode?: string | null
  /** Rows of virtual functions stand beside the row of the card. */
  readonly has_virtual_functions?: boolean
}

/** `v5.10.13` as versions are written elsewhere. */
export function bareVersion(printed: string | null | undefined): string | null {
  return /^v?(\d[\w.-]*)$/.exec(printed?.trim() ?? '')?.[1] ?? null
}

/** The version that all name, or `null`. */
export function commonVersion(versions: readonly (string | null)[]): string | null {
  const [first = null] = versions
  return versions.every((version) => version === first) ? first : null
}
