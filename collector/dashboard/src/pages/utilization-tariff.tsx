/** Sums by the periods of the sites' tariff calendars. */
import { Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { SiteAnswer } from '../../../src/api/answers/sites.ts'
import { useAnswer } from '../api/client.ts'
import { Answer } from '../parts/answer.tsx'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { sumColumns } from './utilization-columns.tsx'
import type { PartProps } from './utilization-part.ts'
import { filterOf, type Place, provinceOf } from './utilization-place.ts'
import { lastDays, spanQuery } from './utilization-range.ts'
import { basisQuery, type RollupRow, type Rollups } from './utilization-sums.ts'

/** Time that no period of a calendar holds. */
const OTHER = 'other'

/** Periods are told apart hour by hour and site by site: of the whole country for a week. */
const COUNTRY_DAYS = 7

export function Tariff({ place, span, knownAt, basis, names }: PartProps) {
  const { t } = useTranslation('utilization')
  const asked = place.region === null ? lastDays(span, COUNTRY_DAYS) : span
  const query = {
    ...filterOf(place),
    ...spanQuery(asked),
    known_at: knownAt,
    grain: 'whole',
    by: 'tariff',
  }
  // Told apart hour by hour: asked only where some site here has a calendar.
  const isStated = names.sites?.some((site) => isHere(site, place) && site.facts.tariff !== null)
  const answer = useAnswer<Rollups>(isStated === true ? '/v1/rollups' : null, {
    ...query,
    ...basisQuery(basis),
  })
  return (
    <Section
      title={t('tariff.title')}
      {...(isStated === true ? { exported: { table: 'rollups', query } } : {})}
    >
      {isStated === false ? (
        <Typography.Paragraph>{t('tariff.nowhere')}</Typography.Paragraph>
      ) : (
        <Answer of={answer} isEmpty={({ rows }) => rows.length === 0}>
          {({ rows }) => (
            <Rows<RollupRow>
              label={t('tariff.title')}
              rows={rows}
              rowKey={({ key }) => key ?? ''}
              columns={[
                {
                  key: 'period',
                  title: <Term id="tariff_period">{t('tariff.period')}</Term>,
                  render: (_, { key }) =>
                    key === OTHER ? t('tariff.other') : (key ?? t('tariff.none')),
                },
                ...sumColumns(t, basis),
              ]}
            />
          )}
        </Answer>
      )}
      <Typography.Text type="secondary">{t('tariff.note')}</Typography.Text>
    </Section>
  )
}

function isHere(site: SiteAnswer, { region, site: code }: Place): boolean {
  if (code !== null) return site.code === code
  return region === null || provinceOf(site.region_code) === region
}
