/** Connected cards by how well it is founded what they did at the instant. */
import { Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { amountText, countText, shareText } from '../format.ts'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { type EvidenceLine, evidenceLines, type LedgerRow } from './ledger-figures.ts'

export function Evidence({ row }: { readonly row: LedgerRow }) {
  const { t } = useTranslation('ledger')
  return (
    <>
      <Rows<EvidenceLine>
        label={t('evidence.title')}
        rows={evidenceLines(row)}
        rowKey={({ level }) => level}
        columns={[
          {
            key: 'level',
            title: <Term id="evidence_level">{t('evidence.level')}</Term>,
            render: (_, { level }) => t(`evidence.${level}`),
          },
          {
            key: 'cards',
            align: 'right',
            title: t('common:unit.cards'),
            render: (_, { cards }) => countText(cards),
          },
          {
            key: 'p',
            align: 'right',
            title: t('common:unit.p'),
            render: (_, { p }) => amountText(p),
          },
          {
            key: 'share',
            align: 'right',
            title: t('funnel.share'),
            render: (_, { share }) => shareText(share),
          },
        ]}
      />
      <Typography.Text type="secondary">{t('evidence.note')}</Typography.Text>
    </>
  )
}
