/**
 * What a site states of itself and nobody measures: PUE, racks, its tariff calendar. Each statement
 * has an author, the instant it was made and the instant it holds from; it holds until a later
 * statement of the same kind takes its place from its own instant on.
 */

/**
 * A day is cut into periods, such as peak and valley, each with a name that several may share. A
 * period covers the local minutes from `from` (included) to `to` (excluded), `HH:MM`, `to` up to
 * `24:00`; where `from` is later than `to` it goes over midnight. In which months it counts is
 * decided by the local date of the instant itself. In every month every minute lies in one period.
 */
export interface TariffPeriod {
  readonly name: string
  /** 1–12; left out: all. */
  readonly months?: readonly number[]
  readonly from: string
  readonly to: string
}

export interface TariffCalendar {
  readonly timeZone: string
  readonly periods: readonly TariffPeriod[]
}

/** `null`: stated before, and withdrawn. */
export type SiteFactValue =
  /** 1000–3000. */
  | { readonly kind: 'pue'; readonly value: { readonly pueThousandths: number } | null }
  | {
      readonly kind: 'racks'
      readonly value: { readonly inUse: number; readonly available: number } | null
    }
  | { readonly kind: 'tariff'; readonly value: TariffCalendar | null }
export type SiteFactKind = SiteFactValue['kind']

export const SITE_FACT_KINDS = ['pue', 'racks', 'tariff'] as const satisfies readonly SiteFactKind[]

export interface SiteFact {
  readonly siteCode: string
  readonly author: string
  readonly statedAtMs: number
  readonly validFromMs: number
  readonly fact: SiteFactValue
}
