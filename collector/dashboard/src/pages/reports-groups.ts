/** The groupings that a report tells its ledger and its time by, in their order, each with its title. */
import type { TFunction } from 'i18next'

interface Grouped<Row> {
  /** What places are there: regions in a national report, else sites. */
  readonly places_are: 'region' | 'site'
  readonly by_place: readonly Row[]
  readonly by_hub: readonly Row[]
  readonly by_operator: readonly Row[]
  readonly by_vendor: readonly Row[]
}

export interface Group<Row> {
  readonly title: string
  readonly by: string
  readonly rows: readonly Row[]
}

export function placesAndParties<Row>(
  told: Grouped<Row>,
  t: TFunction<'reports'>,
): readonly Group<Row>[] {
  const places = told.places_are === 'region' ? 'places' : 'sites'
  return [
    { title: t(`paper.sections.${places}`), by: told.places_are, rows: told.by_place },
    { title: t('paper.sections.hubs'), by: 'hub', rows: told.by_hub },
    { title: t('paper.sections.operators'), by: 'operator', rows: told.by_operator },
    { title: t('paper.sections.vendors'), by: 'vendor', rows: told.by_vendor },
  ]
}
