/**
 * Sums of a place over a span, one question for each part: the whole span, its days or hours, the
 * weeks of the heat map, the tariff's periods, and who stands where.
 */
import { Flex } from 'antd'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useAnswer } from '../api/client.ts'
import { useSession } from '../api/session.ts'
import { Answer } from '../parts/answer.tsx'
import { Pedigree } from '../parts/pedigree.tsx'
import { Section } from '../parts/section.tsx'
import { BasisPicker } from './utilization-basis.tsx'
import { Comparison } from './utilization-comparison.tsx'
import { HeatMap } from './utilization-heat-map.tsx'
import { ModelTable } from './utilization-models.tsx'
import type { PartProps, SumsProps } from './utilization-part.ts'
import { filterOf, type Place } from './utilization-place.ts'
import { spanQuery } from './utilization-range.ts'
import { Ranking } from './utilization-ranking.tsx'
import { Rates } from './utilization-rates.tsx'
import { SiteFacts, SiteNodes } from './utilization-site.tsx'
import { StatesOverTime } from './utilization-states.tsx'
import { modelsOf, type Rollups, type TimeBasis } from './utilization-sums.ts'
import { Tariff } from './utilization-tariff.tsx'

export function SumsView(props: SumsProps) {
  const { t } = useTranslation('utilization')
  const { place, span, knownAt, model, names } = props
  const basis = useMemo(
    (): TimeBasis => (model === null ? { kind: 'p' } : { kind: 'cards', model }),
    [model],
  )
  const part: PartProps = { ...props, basis }
  const query = { ...filterOf(place), ...spanQuery(span), known_at: knownAt, grain: 'whole' }
  const whole = useAnswer<Rollups>('/v1/rollups', query)
  const models = modelsOf(whole.data?.rows ?? [])
  return (
    <>
      {whole.data === undefined ? null : <Pedigree of={whole.data} />}
      <BasisPicker model={model} models={models} />
      {place.site === null ? null : <SiteFacts names={names} code={place.site} />}
      <Section title={t('rates.title')} exported={{ table: 'rollups', query }}>
        <Answer of={whole} rows={3} isEmpty={({ rows }) => rows.length === 0}>
          {(answer) => <Rates answer={answer} basis={basis} />}
        </Answer>
      </Section>
      <StatesOverTime {...part} />
      <Flex vertical gap={16}>
        <HeatMap {...part} />
        <Answer of={whole} rows={3} isEmpty={({ rows }) => rows.length === 0}>
          {({ rows: [row] }) =>
            row === undefined ? null : <Comparison row={row} basis={basis} query={query} />
          }
        </Answer>
      </Flex>
      {place.site === null ? <Ranking {...part} /> : null}
      <Section
        title={t('models.title')}
        exported={{ table: 'rollups', query: { ...query, by: 'model' } }}
      >
        <Answer of={whole} isEmpty={({ rows }) => rows.length === 0}>
          {({ rows: [row] }) => (row === undefined ? null : <ModelTable row={row} />)}
        </Answer>
      </Section>
      <Tariff {...part} />
      {place.site === null ? null : <Nodes place={place} site={place.site} />}
    </>
  )
}

/** Nodes are opaque for the bank, and it is told so. */
function Nodes({ place, site }: { readonly place: Place; readonly site: string }) {
  const { t } = useTranslation('utilization')
  const session = useSession()
  if (session.data?.role === 'bank') {
    return <Section title={t('site.nodes')}>{t('site.nodes_refused')}</Section>
  }
  return <SiteNodes place={place} site={site} />
}
