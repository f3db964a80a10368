/** Card-hours by model and state: what is never added over models. */
import { Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { cardHoursText } from '../format.ts'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { STATES } from '../states.ts'
import { rateColumns } from './utilization-columns.tsx'
import type { RollupRow } from './utilization-sums.ts'

type ModelRow = RollupRow['models'][number]

export function ModelTable({ row }: { readonly row: RollupRow }) {
  const { t } = useTranslation('utilization')
  return (
    <>
      <Rows<ModelRow>
        label={t('models.title')}
        rows={row.models}
        rowKey={({ model }) => model}
        columns={[
          { key: 'model', title: t('models.model'), render: (_, { model }) => model },
          ...STATES.map((state) => ({
            key: state,
            align: 'right' as const,
            title: <Term id={state}>{t(`common:state.${state}`)}</Term>,
            render: (_: unknown, { figures }: ModelRow) => cardHoursText(figures[`${state}_ms`]),
          })),
          ...rateColumns<ModelRow>(t, (model) => model),
        ]}
      />
      <Typography.Text type="secondary">{t('models.note')}</Typography.Text>
    </>
  )
}
