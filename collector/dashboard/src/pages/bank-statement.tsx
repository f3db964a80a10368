/** Statements of an owner or a borrower over civil months: what was promised, and where it went. */
import { Flex, type TableColumnsType, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { StatementAnswer } from '../../../src/api/answers/statement.ts'
import { useAnswer } from '../api/client.ts'
import { amountText, countText, instantText, shareText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { useAsked } from '../parts/asked.ts'
import type { ExportOf } from '../parts/export-button.tsx'
import { useInstant } from '../parts/instant.tsx'
import { Pedigree } from '../parts/pedigree.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { AccountRows } from './bank-accounts.tsx'
import { monthAt } from './bank-months.ts'
import { useCode } from './bank-parts.tsx'
import { OutcomeRows } from './bank-promises.tsx'
import {
  SignedNote,
  STATEMENT_QUESTION,
  StatementForm,
  statementPath,
} from './bank-statement-form.tsx'
import { accountOf, accountsByModel } from './bank-sums.ts'
import { useNames } from './ledger-names.ts'

const EXPORTED = { owner: 'owner-statement', borrower: 'borrower-statement' } as const

export function StatementTab() {
  const { t } = useTranslation('bank')
  const [asked, ask] = useAsked(STATEMENT_QUESTION)
  const [instant] = useInstant()
  const question = statementPath(asked)
  const query = { ...question?.query, known_at: instant.known_at }
  const statement = useAnswer<StatementAnswer>(question?.path ?? null, query)
  return (
    <Flex vertical gap={16}>
      <Section
        title={t('statement.title')}
        {...(question === null
          ? {}
          : {
              exported: {
                table: EXPORTED[question.kind],
                query: { ...query, code: question.code },
              },
              actions: <SignedNote path={question.path} query={query} />,
            })}
      >
        <Typography.Paragraph type="secondary">{t('statement.help')}</Typography.Paragraph>
        <StatementForm asked={asked} onAsk={ask} />
      </Section>
      {question === null ? (
        <Typography.Text type="secondary">{t('statement.ask')}</Typography.Text>
      ) : (
        <Answer of={statement} rows={8}>
          {(answer) => (
            <Shown
              answer={answer}
              exported={{
                table: EXPORTED[question.kind],
                query: { ...query, code: question.code },
              }}
            />
          )}
        </Answer>
      )}
    </Flex>
  )
}

interface ShownProps {
  readonly answer: StatementAnswer
  /** Its lines. */
  readonly exported: ExportOf
}

function Shown({ answer, exported }: ShownProps) {
  const { t } = useTranslation('bank')
  const names = useNames()
  if (answer.lines.length === 0) {
    return (
      <Section title={`${answer.subject.code}`}>
        <Typography.Paragraph type="secondary">{t('statement.none')}</Typography.Paragraph>
        <Pedigree of={answer} />
      </Section>
    )
  }
  const name =
    answer.subject.kind === 'owner' ? names.of('owner', answer.subject.code) : answer.subject.code
  return (
    <>
      <Section title={`${name} · ${instantText(answer.from)} – ${instantText(answer.to)}`}>
        <Flex vertical gap={12}>
          <Pedigree of={answer} />
          <Typography.Text type="secondary">
            {`${t('common:coverage')} ${shareText(answer.coverage === null ? null : Number(answer.coverage))} · ${t('statement.finality_note')}`}
          </Typography.Text>
          <AccountRows
            label={t('statement.by_model')}
            heads={[t('model')]}
            rows={accountsByModel(answer.lines).map(({ account, model }) => ({
              key: model,
              names: [model],
              account,
            }))}
          />
          <PHourRows amounts={answer.p_hours} unrated={answer.unrated_lines} />
        </Flex>
      </Section>
      <Lines answer={answer} exported={exported} />
      <Section title={t('statement.outcomes')}>
        <OutcomeRows draws={answer.draws} bookings={answer.bookings} />
      </Section>
      {answer.sites.length === 0 ? null : (
        <Records
          sites={answer.sites}
          exported={{ ...exported, table: `${exported.table}-sites` }}
        />
      )}
    </>
  )
}

function Lines({ answer, exported }: ShownProps) {
  const { t } = useTranslation('bank')
  const names = useNames()
  const finality = useCode('finality')
  const isOwners = answer.subject.kind === 'owner'
  return (
    <Section title={t('statement.lines')} exported={exported}>
      <AccountRows
        label={t('statement.lines')}
        heads={[
          t('statement.month'),
          t('site'),
          ...(isOwners ? [] : [t('statement.kind.owner')]),
          t('model'),
          t('statement.line_state'),
        ]}
        rows={answer.lines.map((line) => ({
          key: [line.from, line.site_code, line.owner_code, line.model].join('/'),
          names: [
            monthAt(Date.parse(line.from)),
            names.of('site', line.site_code),
            ...(isOwners ? [] : [names.of('owner', line.owner_code)]),
            line.model,
            <Tag key="finality" color={line.finality === 'final' ? 'green' : 'gold'}>
              {finality(line.finality)}
            </Tag>,
          ],
          account: accountOf([line]),
        }))}
      />
    </Section>
  )
}

/** Over models there is P·h alone; it comes rounded, each part by itself. */
function PHourRows({
  amounts,
  unrated,
}: {
  readonly amounts: StatementAnswer['p_hours']
  readonly unrated: number
}) {
  const { t } = useTranslation('bank')
  const parts = [
    'promised',
    'delivered_active',
    'delivered_idle',
    'returned',
    'broken',
    'unproven',
    'pending',
    'residue',
  ] as const
  const columns: TableColumnsType<StatementAnswer['p_hours']> = parts.map((part) => ({
    title: t(`statement.${part}`),
    key: part,
    align: 'right',
    render: (_, row) => amountText(row[part], 3),
  }))
  return (
    <div>
      <h3 style={{ margin: '8px 0', fontSize: 14 }}>{t('statement.p_hours')}</h3>
      <Rows
        label={t('statement.p_hours')}
        rows={[amounts]}
        columns={columns}
        rowKey={() => 'all'}
      />
      {unrated === 0 ? null : (
        <Typography.Text type="secondary">
          {t('promises.unrated', { count: unrated })}
        </Typography.Text>
      )}
    </div>
  )
}

interface RecordsProps {
  readonly sites: StatementAnswer['sites']
  readonly exported: ExportOf
}

function Records({ sites, exported }: RecordsProps) {
  const { t } = useTranslation('bank')
  const names = useNames()
  const columns: TableColumnsType<StatementAnswer['sites'][number]> = [
    { title: t('site'), key: 'site', render: (_, row) => names.of('site', row.site_code) },
    {
      title: t('statement.cards_ended'),
      key: 'ended',
      align: 'right',
      render: (_, row) => countText(row.cards_ended),
    },
    {
      title: t('statement.kept_share'),
      key: 'kept',
      align: 'right',
      render: (_, { kept_share: share }) => shareText(share === null ? null : Number(share)),
    },
    {
      title: t('statement.claims_30'),
      key: 'claims_30',
      align: 'right',
      render: (_, row) => countText(row.owner_claims_30_days),
    },
    {
      title: t('statement.claims_90'),
      key: 'claims_90',
      align: 'right',
      render: (_, row) => countText(row.owner_claims_90_days),
    },
  ]
  return (
    <Section title={t('statement.records')} exported={exported}>
      <Rows
        label={t('statement.records')}
        rows={sites}
        columns={columns}
        rowKey={({ site_code: code }) => code}
      />
    </Section>
  )
}
