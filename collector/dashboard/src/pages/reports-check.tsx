/** Whether a report can be made again exactly, and what has moved in its month since. */
import { useQuery } from '@tanstack/react-query'
import { Button, Flex, type TableColumnsType, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ReportCheck } from '../../../src/api/answers/report-check.ts'
import { useAnswer } from '../api/client.ts'
import { countText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useNames } from './ledger-names.ts'
import { sha256Of } from './reports-hash.ts'
import type { Adjustment } from './reports-parts.tsx'
import { Mark } from './verification-facts.tsx'
import { Moves } from './verification-moves.tsx'
import { canHash } from './verification-proof.ts'

type Difference = ReportCheck['differences'][number]

export function CheckSection(props: {
  readonly reportId: string
  readonly sha256: string
  /** The canonical JSON as it came; `null` where it could not be cut out. */
  readonly answerText: string | null
}) {
  const { t } = useTranslation('reports')
  const { answerText, reportId, sha256 } = props
  const [isAsked, setAsked] = useState(false)
  const path = `/v1/reports/${encodeURIComponent(reportId)}/check`
  const check = useAnswer<ReportCheck>(isAsked ? path : null)
  return (
    <Section title={t('check.title')}>
      <Flex vertical gap={12}>
        <BytesMark answerText={answerText} sha256={sha256} />
        <Typography.Text type="secondary">{t('check.help')}</Typography.Text>
        <div>
          <Button
            loading={check.isFetching}
            onClick={() => (isAsked ? void check.refetch() : setAsked(true))}
          >
            {t('check.button')}
          </Button>
        </div>
        {isAsked ? (
          <Answer of={check} rows={2}>
            {(result) => <Result of={result} />}
          </Answer>
        ) : null}
      </Flex>
    </Section>
  )
}

/** The hash of what the browser got, made by the browser. */
function BytesMark(props: { readonly answerText: string | null; readonly sha256: string }) {
  const { t } = useTranslation('reports')
  const { answerText, sha256 } = props
  const { data: made } = useQuery({
    queryKey: ['report-hash', sha256, answerText?.length],
    queryFn: async () => (answerText === null ? '' : await sha256Of(answerText)),
    enabled: canHash(),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (made === undefined) return null
  const isGood = made === sha256
  return <Mark isGood={isGood} text={t(isGood ? 'check.bytes_good' : 'check.bytes_bad')} />
}

function Result({ of }: { readonly of: ReportCheck }) {
  const { t } = useTranslation('reports')
  const columns: TableColumnsType<Difference> = [
    { title: t('check.path'), render: (_, { path }) => <code>{path}</code> },
    { title: t('check.before'), render: (_, { issued }) => issued ?? t('check.absent') },
    { title: t('check.now'), render: (_, { now }) => now ?? t('check.absent') },
  ]
  return (
    <Flex vertical gap={8}>
      <Mark
        isGood={of.equal}
        text={of.equal ? t('check.equal') : t('check.differs', { count: of.differences_total })}
      />
      <Typography.Text type="secondary" style={{ overflowWrap: 'anywhere' }}>
        {`${t('check.hash_now')} ${of.sha256_now}`}
      </Typography.Text>
      {of.reasons.map(({ code }) => (
        <Typography.Text key={code}>{t(`check.reasons.${code}`)}</Typography.Text>
      ))}
      {of.differences.length === 0 ? null : (
        <>
          <Typography.Text>{t('check.shown', { count: of.differences.length })}</Typography.Text>
          <Rows
            label={t('check.title')}
            rows={of.differences}
            columns={columns}
            rowKey={({ path }) => path}
            perPage={20}
          />
        </>
      )}
    </Flex>
  )
}

interface SinceAnswer {
  readonly adjustments: readonly Adjustment[]
}

export function SinceSection({ reportId }: { readonly reportId: string }) {
  const { t } = useTranslation('reports')
  const path = `/v1/reports/${encodeURIComponent(reportId)}/adjustments`
  const since = useAnswer<SinceAnswer>(path)
  return (
    <Section title={t('since.title')}>
      <Typography.Paragraph type="secondary">{t('since.help')}</Typography.Paragraph>
      <Answer of={since} rows={2}>
        {({ adjustments }) =>
          adjustments.length === 0 ? (
            <Typography.Text>{t('since.none')}</Typography.Text>
          ) : (
            <SinceTable rows={adjustments} />
          )
        }
      </Answer>
    </Section>
  )
}

function SinceTable({ rows }: { readonly rows: readonly Adjustment[] }) {
  const { t } = useTranslation('reports')
  const names = useNames()
  const columns: TableColumnsType<Adjustment> = [
    {
      title: t('paper.name'),
      render: (_, { site_code }) => `${names.of('site', site_code)} ${site_code}`,
    },
    { title: t('paper.hours'), align: 'right', render: (_, { hours }) => countText(hours) },
    { title: t('paper.moves'), render: (_, { moves }) => <Moves of={moves} /> },
  ]
  return (
    <Rows
      label={t('since.title')}
      rows={rows}
      columns={columns}
      rowKey={({ site_code }) => site_code}
    />
  )
}
