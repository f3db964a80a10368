/** What a person should look at, kind by kind: totals first, then compact tables of what there is. */
import { Alert, Flex, type TableColumnsType, Typography } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { FindingAnswer } from '../../../src/api/answers/findings.ts'
import type { QualityAnswer } from '../../../src/api/answers/quality.ts'
import { useAnswer } from '../api/client.ts'
import type { Session } from '../api/session.ts'
import { countText, durationText, instantText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useNames } from './ledger-names.ts'
import { ClearFinding } from './verification-clear.tsx'

/** In the order in which they weigh. */
const KINDS = [
  'implausible',
  'clones',
  'epochs',
  'refused',
  'holes',
  'silences',
  'suspended_nodes',
  'clock_offsets',
  'clock_steps',
  'clock_gaps',
  'weak_identities',
  'unrated_models',
] as const
type Kind = (typeof KINDS)[number]

interface Column {
  readonly title: string
  readonly value: (row: Row) => ReactNode
  readonly isNumber?: boolean
}
type Row = Readonly<Record<string, unknown>>

export function AnomaliesTab({ session }: { readonly session: Session }) {
  const quality = useAnswer<QualityAnswer>('/v1/quality')
  return (
    <Answer of={quality} rows={12}>
      {(answer) => (
        <Flex vertical gap={16}>
          <Doubts of={answer.collector} />
          <Summary of={answer} />
          {KINDS.filter((kind) => answer[kind].total > 0).map((kind) => (
            <KindTable key={kind} kind={kind} list={answer[kind]} session={session} />
          ))}
        </Flex>
      )}
    </Answer>
  )
}

function Doubts({ of }: { readonly of: QualityAnswer['collector'] }) {
  const { t } = useTranslation('verification')
  const { clock_accusation, deposits_suspended, recovering } = of
  const doubts = [
    ...(clock_accusation === null
      ? []
      : [t('anomalies.clock_accusation', { detail: clock_accusation.sentence })]),
    ...(deposits_suspended ? [t('anomalies.deposits_suspended')] : []),
    ...(recovering ? [t('anomalies.recovering')] : []),
  ]
  if (doubts.length === 0) {
    return <Alert type="success" showIcon title={t('anomalies.no_doubts')} />
  }
  return doubts.map((doubt) => <Alert key={doubt} type="error" showIcon title={doubt} />)
}

function Summary({ of }: { readonly of: QualityAnswer }) {
  const { t } = useTranslation('verification')
  const rows = (['conflicts', ...KINDS] as const).map((kind) => ({ kind, ...of[kind] }))
  return (
    <Section title={t('anomalies.summary')}>
      <Typography.Paragraph type="secondary">
        {t('anomalies.since', { at: instantText(of.since) })}
      </Typography.Paragraph>
      <ul
        className="tabular"
        style={{
          display: 'grid',
          gridTemplateColumns: 'repeat(auto-fill, minmax(150px, 1fr))',
          gap: '12px 24px',
          listStyle: 'none',
          margin: 0,
          padding: 0,
        }}
      >
        {rows.map(({ kind, total }) => (
          <li key={kind} style={{ display: 'flex', flexDirection: 'column' }}>
            <KindName kind={kind} isThere={total > 0} />
            <span style={{ fontSize: 22, fontWeight: total > 0 ? 600 : 400 }}>
              {total === 0 ? t('anomalies.all_clear') : countText(total)}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function KindName({
  kind,
  isThere,
}: {
  readonly kind: Kind | 'conflicts'
  readonly isThere: boolean
}) {
  const { t } = useTranslation('verification')
  if (kind === 'conflicts') return <Term id="conflict">{t('conflicts.title')}</Term>
  const name = t(`anomalies.lists.${kind}.title`)
  return isThere ? <a href={`#${kind}`}>{name}</a> : <span>{name}</span>
}

function KindTable(props: {
  readonly kind: Kind
  readonly list: QualityAnswer[Kind]
  readonly session: Session
}) {
  const { t } = useTranslation('verification')
  const { kind, list, session } = props
  const columns = useColumns(session)[kind]
  const title = t(`anomalies.lists.${kind}.title`)
  const rows = list.rows.map((row, index): Row => ({ ...row, index }))
  const shown: TableColumnsType<Row> = columns.map(({ title: name, value, isNumber }) => ({
    title: name,
    render: (_, row) => value(row),
    ...(isNumber === true ? { align: 'right' as const } : {}),
  }))
  return (
    <div id={kind}>
      <Section
        title={`${title} · ${countText(list.total)}`}
        exported={{ table: `quality-${kind.replaceAll('_', '-')}` }}
      >
        <Typography.Paragraph type="secondary">
          {t(`anomalies.lists.${kind}.help`)}
        </Typography.Paragraph>
        <Rows
          label={title}
          rows={rows}
          columns={shown}
          rowKey={(row) => String(row.index)}
          perPage={20}
        />
      </Section>
    </div>
  )
}

/** How each kind is shown: a table of tables. */
function useColumns(session: Session): Readonly<Record<Kind, readonly Column[]>> {
  const { t } = useTranslation('verification')
  const names = useNames()
  const word = (name: string) => t(`anomalies.${name}`)
  const text = (title: string, key: string): Column => ({
    title: word(title),
    value: ({ [key]: value }) => (typeof value === 'string' ? value : '–'),
  })
  const instant = (title: string, key: string): Column => ({
    title: word(title),
    value: ({ [key]: value }) => (typeof value === 'string' ? instantText(value) : word('ongoing')),
  })
  const span: Column = {
    title: word('duration'),
    isNumber: true,
    value: ({ from, to }) => {
      if (typeof from !== 'string') return '–'
      return typeof to === 'string'
        ? durationText(Date.parse(to) - Date.parse(from))
        : word('ongoing')
    },
  }
  const milliseconds = (title: string, key: string): Column => ({
    title: word(title),
    isNumber: true,
    value: ({ [key]: value }) => (typeof value === 'number' ? signedSeconds(value) : '–'),
  })
  const node = text('node', 'node_id')
  const unit: Column = {
    title: word('unit'),
    value: ({ unit_id }) => (typeof unit_id === 'number' ? String(unit_id) : word('whole_node')),
  }
  const record: Column = {
    title: word('record'),
    value: ({ epoch, seq }) => `${String(epoch).slice(0, 8)} / ${countText(Number(seq))}`,
  }
  const refused = [
    node,
    record,
    text('code', 'code'),
    text('sentence', 'sentence'),
    instant('at', 'refused_at'),
  ]
  return {
    implausible: [
      { title: word('rule'), value: ({ rule }) => t(`anomalies.rules.${String(rule)}`) },
      node,
      unit,
      instant('from', 'since'),
      instant('to', 'until'),
      { title: word('hours'), isNumber: true, value: ({ hours }) => countText(Number(hours)) },
      { title: word('figures'), value: (row) => figuresText(row as unknown as FindingAnswer) },
      {
        title: word('withholds'),
        value: ({ withholds }) => word(withholds === true ? 'withheld' : 'not_withheld'),
      },
      ...(session.role === 'admin'
        ? [
            {
              title: word('clear'),
              value: ({ finding_id }: Row) => <ClearFinding findingId={Number(finding_id)} />,
            },
          ]
        : []),
    ],
    clones: [
      node,
      { title: word('cause'), value: ({ reason }) => t(`anomalies.clone.${String(reason)}`) },
      text('address', 'remote_address'),
      instant('at', 'seen_at'),
    ],
    epochs: [
      node,
      { title: word('cause'), value: ({ begun_as }) => t(`anomalies.begun.${String(begun_as)}`) },
      text('epoch', 'epoch'),
      text('previous', 'previous_epoch'),
      instant('at', 'began_at'),
    ],
    refused,
    holes: refused,
    silences: [
      node,
      unit,
      {
        title: word('cause'),
        value: ({ cause }) => t(`anomalies.silence.${cause}`, { defaultValue: String(cause) }),
      },
      instant('from', 'from'),
      instant('to', 'to'),
      span,
    ],
    suspended_nodes: [node, instant('last_heard', 'last_heard_at')],
    clock_offsets: [
      node,
      milliseconds('offset', 'clock_offset_ms'),
      {
        title: word('depositable'),
        value: ({ depositable }) => word(depositable === true ? 'depositable' : 'not_depositable'),
      },
    ],
    clock_steps: [node, milliseconds('step', 'step_ms'), instant('at', 'at')],
    clock_gaps: [node, instant('from', 'from'), instant('to', 'to'), span],
    weak_identities: [
      node,
      unit,
      {
        title: word('identity'),
        value: ({ identity }) => (typeof identity === 'string' ? identity : word('identity_none')),
      },
    ],
    unrated_models: [
      { title: word('vendor'), value: ({ vendor }) => names.of('vendor', String(vendor)) },
      text('printed', 'printed_name'),
      { title: word('cards'), isNumber: true, value: ({ cards }) => countText(Number(cards)) },
    ],
  }
}

function figuresText({ figures }: FindingAnswer): string {
  return figures.map(({ name, value }) => `${name} ${countText(value)}`).join(', ')
}

function signedSeconds(ms: number): string {
  const sign = ms < 0 ? '−' : '+'
  return `${sign}${(Math.abs(ms) / 1_000).toLocaleString(undefined, { maximumFractionDigits: 3 })} s`
}
