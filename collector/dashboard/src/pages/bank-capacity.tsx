/** Search of what can be drawn now: the question in the address, the answer, and what stood in its way. */
import { Flex, type TableColumnsType, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { CapacityFound } from '../../../src/api/answers/capacity.ts'
import { type Query, useAnswer } from '../api/client.ts'
import { amountText, countText, shareText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { useAsked } from '../parts/asked.ts'
import { Figure } from '../parts/figure.tsx'
import { Pedigree } from '../parts/pedigree.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { CapacityForm, QUESTION } from './bank-capacity-form.tsx'
import { LotRows } from './bank-lots.tsx'
import { useCode } from './bank-parts.tsx'

const LOTS_SHOWN = 50
type Hindrance = CapacityFound['in_the_way'][number]

export function CapacityTab() {
  const { t } = useTranslation('bank')
  const [asked, ask] = useAsked(QUESTION)
  const query = { ...asked, limit: LOTS_SHOWN }
  const found = useAnswer<CapacityFound>('/v1/capacity', query)
  return (
    <Flex vertical gap={16}>
      <Section title={t('capacity.title')}>
        <CapacityForm asked={asked} onAsk={ask} />
      </Section>
      <Answer of={found} rows={6}>
        {(answer) => (
          <>
            <Verdict answer={answer} hasAmount={asked.cards !== null || asked.p !== null} />
            {answer.in_the_way.length === 0 ? null : (
              <InTheWay rows={answer.in_the_way} asked={{ ...asked }} />
            )}
            <Section
              title={t('capacity.lots')}
              exported={{ table: 'capacity', query: { ...asked } }}
            >
              <LotRows lots={answer.lots} />
              {answer.lots_total > answer.lots.length ? (
                <Typography.Text type="secondary">
                  {`${t('capacity.listed', { lots: countText(answer.lots_total) })} · ${t('capacity.lots_shown', { count: answer.lots.length })}`}
                </Typography.Text>
              ) : null}
            </Section>
          </>
        )}
      </Answer>
    </Flex>
  )
}

interface VerdictProps {
  readonly answer: CapacityFound
  readonly hasAmount: boolean
}

function Verdict({ answer, hasAmount }: VerdictProps) {
  const { t } = useTranslation('bank')
  const cards = t('common:unit.cards')
  const { available, available_sure: sure, forecast, satisfied } = answer
  const verdict = satisfied ? t('capacity.satisfied') : t('capacity.not_satisfied')
  const inP = (p: string) => t('deposits.of_p', { p: amountText(p, 2) })
  return (
    <Section title={verdict}>
      <Flex vertical gap={12}>
        <div role="status">
          <Tag color={satisfied ? 'green' : 'red'}>{verdict}</Tag>
          {hasAmount ? null : t('capacity.listed', { lots: countText(answer.lots_total) })}
        </div>
        <Flex wrap gap="16px 40px">
          <Figure
            definition="drawable"
            name={satisfied ? t('capacity.taken') : t('capacity.closest')}
            value={countText(answer.cards)}
            unit={cards}
            note={inP(answer.p)}
          />
          {forecast === null ? null : (
            <Figure
              definition="joint_chance"
              name={t('capacity.probability')}
              value={shareText(forecast.probability)}
              note={t('capacity.probability_note', { hours: amountText(forecast.hours, 2) })}
            />
          )}
          <Figure
            definition="drawable"
            name={t('capacity.available')}
            value={countText(available.cards)}
            unit={cards}
            note={inP(available.p)}
          />
          {sure === null ? null : (
            <Figure
              definition="drawable"
              name={t('capacity.available_sure')}
              value={countText(sure.cards)}
              unit={cards}
              note={inP(sure.p)}
            />
          )}
          <Figure
            definition="drawable"
            name={t('capacity.suspended')}
            value={countText(answer.suspended_cards)}
            unit={cards}
            note={t('capacity.suspended_note')}
          />
        </Flex>
        {answer.notes.map((note) => (
          <Typography.Text key={note} type="warning" lang="en">
            {note}
          </Typography.Text>
        ))}
        <Pedigree of={answer} />
      </Flex>
    </Section>
  )
}

interface InTheWayProps {
  readonly rows: readonly Hindrance[]
  readonly asked: Query
}

function InTheWay({ rows, asked }: InTheWayProps) {
  const { t } = useTranslation('bank')
  const filter = useCode('filter')
  const columns: TableColumnsType<Hindrance> = [
    { title: t('capacity.filter'), key: 'filter', render: (_, row) => filter(row.filter) },
    {
      title: t('cards'),
      key: 'cards',
      align: 'right',
      render: (_, row) => countText(row.cards),
    },
    {
      title: t('common:unit.p'),
      key: 'p',
      align: 'right',
      render: (_, row) => amountText(row.p, 2),
    },
    {
      title: t('capacity.would_serve'),
      key: 'serves',
      render: (_, { satisfied }) => (
        <Tag color={satisfied ? 'green' : 'default'}>
          {satisfied ? t('capacity.yes') : t('capacity.no')}
        </Tag>
      ),
    },
  ]
  return (
    <Section
      title={t('capacity.in_the_way')}
      exported={{ table: 'capacity-in-the-way', query: asked }}
    >
      <Rows
        label={t('capacity.in_the_way')}
        rows={rows}
        columns={columns}
        rowKey={(row) => row.filter}
      />
    </Section>
  )
}
