/** Who is logged in, and who has a second factor; both can be ended here by `security`. */
import { Button, type TableColumnsType, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sendJson } from '../api/client.ts'
import { type Role, useSession } from '../api/session.ts'
import { countText, instantText } from '../format.ts'
import { Paged, Rows, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { Confirm } from './access-confirm.tsx'

interface SessionRow {
  readonly session_id: string
  readonly method: 'token' | 'oidc'
  readonly subject: string
  readonly label: string
  readonly role: Role
  readonly site_code: string | null
  readonly region_code: string | null
  readonly second_factor: 'off' | 'verified' | 'provider' | 'missing'
  readonly address: string
  readonly created_at: string
  readonly seen_at: string
  readonly expires_at: string
}
interface SessionsAnswer {
  readonly sessions: readonly SessionRow[]
  readonly next_cursor: string | null
}

export function SessionsTab() {
  const { t } = useTranslation('access')
  const { t: common } = useTranslation()
  const pages = usePages<SessionsAnswer>('/v1/sessions')
  const [ending, setEnding] = useState<SessionRow | null>(null)
  const columns: TableColumnsType<SessionRow> = [
    { title: t('sessions.who'), dataIndex: 'label' },
    { title: t('tokens.role'), render: (_, { role }) => common(`role.${role}`) },
    {
      title: t('tokens.scope'),
      render: (_, row) => row.region_code ?? row.site_code ?? t('everything'),
    },
    { title: t('sessions.method'), render: (_, row) => t(`sessions.methods.${row.method}`) },
    {
      title: t('sessions.factor'),
      render: (_, row) => t(`sessions.factors.${row.second_factor}`),
    },
    { title: t('audit.address'), dataIndex: 'address' },
    { title: t('sessions.created'), render: (_, row) => instantText(row.created_at) },
    { title: t('sessions.seen'), render: (_, row) => instantText(row.seen_at) },
    { title: t('sessions.expires'), render: (_, row) => instantText(row.expires_at) },
    {
      title: '',
      className: 'no-print',
      render: (_, row) => (
        <Button
          size="small"
          aria-label={t('sessions.end_title', { who: row.label })}
          onClick={() => setEnding(row)}
        >
          {t('sessions.end')}
        </Button>
      ),
    },
  ]
  return (
    <Section title={t('tabs.sessions')} exported={{ table: 'sessions' }}>
      <Typography.Paragraph type="secondary">{t('sessions.help')}</Typography.Paragraph>
      <Paged of={pages} rowsOf={({ sessions }) => sessions}>
        {(rows) => (
          <Rows
            label={t('tabs.sessions')}
            rows={rows}
            columns={columns}
            rowKey={({ session_id }) => session_id}
          />
        )}
      </Paged>
      {ending === null ? null : (
        <Confirm
          title={t('sessions.end_title', { who: ending.label })}
          text={t('sessions.end_text')}
          verb={t('sessions.end')}
          act={() => sendJson('DELETE', `/v1/sessions/${ending.session_id}`)}
          onClose={() => setEnding(null)}
        />
      )}
    </Section>
  )
}

interface FactorRow {
  readonly subject: string
  readonly label: string
  readonly created_at: string
  readonly confirmed_at: string | null
  readonly recovery_codes_left: number
  readonly locked_until: string | null
}
interface FactorsAnswer {
  readonly second_factors: readonly FactorRow[]
  readonly next_cursor: string | null
}

export function FactorsTab() {
  const { t } = useTranslation('access')
  const { data: session } = useSession()
  const pages = usePages<FactorsAnswer>('/v1/second-factors')
  const [resetting, setResetting] = useState<FactorRow | null>(null)
  const columns: TableColumnsType<FactorRow> = [
    { title: t('factors.who'), render: (_, row) => `${row.label} (${row.subject})` },
    { title: t('factors.created'), render: (_, row) => instantText(row.created_at) },
    {
      title: t('factors.confirmed'),
      render: (_, row) =>
        row.confirmed_at === null ? t('factors.not_confirmed') : instantText(row.confirmed_at),
    },
    {
      title: t('factors.recovery'),
      align: 'right',
      render: (_, row) => countText(row.recovery_codes_left),
    },
    { title: t('factors.locked'), render: (_, row) => instantText(row.locked_until) },
    {
      title: '',
      className: 'no-print',
      render: (_, row) =>
        row.subject === session?.subject ? null : (
          <Button
            size="small"
            aria-label={t('factors.reset_title', { who: row.label })}
            onClick={() => setResetting(row)}
          >
            {t('factors.reset')}
          </Button>
        ),
    },
  ]
  return (
    <Section title={t('tabs.factors')} exported={{ table: 'second-factors' }}>
      <Typography.Paragraph type="secondary">{t('factors.help')}</Typography.Paragraph>
      <Paged of={pages} rowsOf={({ second_factors }) => second_factors}>
        {(rows) => (
          <Rows
            label={t('tabs.factors')}
            rows={rows}
            columns={columns}
            rowKey={({ subject }) => subject}
          />
        )}
      </Paged>
      {resetting === null ? null : (
        <Confirm
          title={t('factors.reset_title', { who: resetting.label })}
          text={t('factors.reset_text')}
          verb={t('factors.reset')}
          act={() => sendJson('POST', '/v1/second-factors/reset', { subject: resetting.subject })}
          onClose={() => setResetting(null)}
        />
      )}
    </Section>
  )
}
