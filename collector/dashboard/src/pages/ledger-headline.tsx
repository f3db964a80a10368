/** The figures a regulator comes for, each with its unit, its share and its definition. */
import { Alert, Flex, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { amountText, countText, shareText } from '../format.ts'
import { Figure, Term } from '../parts/figure.tsx'
import { languageOf } from '../text/index.ts'
import type { LedgerRow } from './ledger-figures.ts'

const GRID = {
  display: 'grid',
  gap: '16px 24px',
  gridTemplateColumns: 'repeat(auto-fit, minmax(136px, 1fr))',
} as const

export function Headline({ row }: { readonly row: LedgerRow }) {
  const { t } = useTranslation('ledger')
  const p = t('common:unit.p')
  const { declared, stages } = row
  const cards = (count: number) => t('headline.cards', { cards: countText(count) })
  const part = (stage: 'free' | 'lent' | 'busy') =>
    `${cards(stages[stage].cards)} · ${t('headline.of_connected', { share: shareText(stages[stage].share_of_p) })}`
  const stage = (name: 'free' | 'lent' | 'busy') => (
    <Figure
      definition={name}
      name={t(`headline.${name}`)}
      value={amountText(stages[name].p)}
      unit={p}
      note={part(name)}
    />
  )
  return (
    <Flex vertical gap={12}>
      <div style={GRID}>
        <Figure
          definition="declared"
          name={t('headline.declared')}
          value={amountText(declared.p)}
          unit={p}
          note={cards(declared.cards)}
        />
        <Figure
          definition="connected"
          name={t('headline.connected')}
          value={amountText(stages.connected.p)}
          unit={p}
          note={cards(stages.connected.cards)}
        />
        <Figure
          definition="access_rate"
          name={t('headline.access_rate')}
          value={shareText(row.access_rate)}
          note={t('headline.access_note')}
        />
        {stage('busy')}
        {stage('free')}
        <Figure
          definition="deposited"
          name={t('headline.deposited')}
          value={amountText(stages.deposited.p)}
          unit={p}
          note={`${cards(stages.deposited.cards)} · ${t('headline.of_free')}`}
        />
        {stage('lent')}
        <Figure
          definition="coverage"
          name={t('headline.coverage')}
          value={shareText(row.coverage)}
        />
        <Cores row={row} />
      </div>
      <Beside row={row} />
      <Flag row={row} />
    </Flex>
  )
}

function Cores({ row }: { readonly row: LedgerRow }) {
  const { t } = useTranslation('ledger')
  const { cpu } = row
  if (cpu === undefined || cpu === null) return null
  const without = cpu.nodes_without_cores
  const note = [
    t('headline.nodes', { nodes: countText(cpu.nodes) }),
    ...(without === 0 ? [] : [t('headline.nodes_without', { nodes: countText(without) })]),
  ]
  return (
    <Figure
      definition="cores"
      name={t('headline.cores')}
      value={countText(cpu.cores)}
      note={note.join(' · ')}
    />
  )
}

/** What stands beside the figures and is never summed with them. */
function Beside({ row }: { readonly row: LedgerRow }) {
  const { t } = useTranslation('ledger')
  const { p_fp16_sparse: sparse, p_basis_unstated: unstated } = row.declared
  const isOther = Number(sparse) > 0 || Number(unstated) > 0
  return (
    <Flex vertical gap={2}>
      {isOther ? (
        <Typography.Text type="secondary">
          {t('headline.other_basis', {
            sparse: amountText(sparse),
            unstated: amountText(unstated),
          })}
        </Typography.Text>
      ) : null}
      <Typography.Text type="secondary">
        {t('headline.beside', {
          not_connected: countText(row.not_connected_cards),
          lapsed: countText(row.lapsed_cards),
          unrated: countText(row.unrated_cards),
        })}
      </Typography.Text>
    </Flex>
  )
}

function Flag({ row }: { readonly row: LedgerRow }) {
  const { t, i18n } = useTranslation('ledger')
  const flag = row.declared.flag ?? null
  if (flag === null) return null
  return (
    <Alert
      type="warning"
      showIcon
      title={<Term id="declared_flag">{t('headline.flag')}</Term>}
      description={
        <>
          <div>{languageOf(i18n.language) === 'zh' ? flag.sentence_zh : flag.sentence}</div>
          <div>{t('headline.flag_more', { count: flag.declarations })}</div>
        </>
      }
    />
  )
}
