/** Tokens: who may come in by which, made and revoked by `security`; a secret is shown once. */
import { Button, Flex, Segmented, type TableColumnsType, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sendJson, useAnswer } from '../api/client.ts'
import type { Role } from '../api/session.ts'
import { countText, instantText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { Confirm } from './access-confirm.tsx'
import { tokenState } from './access-figures.ts'
import { NewToken } from './access-new-token.tsx'

interface TokenRow {
  readonly token_id: string
  readonly kind: 'enroll' | 'access'
  readonly role: Role | null
  readonly site_code: string | null
  readonly region_code: string | null
  readonly from: string | null
  readonly uses_left: number | null
  readonly created_at: string
  readonly expires_at: string
  readonly revoked_at: string | null
  readonly is_valid: boolean
}
interface TokensAnswer {
  readonly tokens: readonly TokenRow[]
}

export function TokensTab() {
  const { t } = useTranslation('access')
  const tokens = useAnswer<TokensAnswer>('/v1/tokens')
  const [isValidOnly, setValidOnly] = useState(true)
  const [isMaking, setMaking] = useState(false)
  return (
    <Section
      title={t('tabs.tokens')}
      exported={{ table: 'tokens' }}
      actions={
        <Flex gap={8} wrap className="no-print">
          <Segmented
            aria-label={t('tokens.which')}
            value={isValidOnly ? 'valid' : 'all'}
            onChange={(value) => setValidOnly(value === 'valid')}
            options={(['valid', 'all'] as const).map((value) => ({
              value,
              label: t(`tokens.${value}`),
            }))}
          />
          <Button type="primary" onClick={() => setMaking(true)}>
            {t('tokens.create')}
          </Button>
        </Flex>
      }
    >
      <Typography.Paragraph type="secondary">{t('tokens.help')}</Typography.Paragraph>
      <Answer of={tokens} isEmpty={(answer) => answer.tokens.length === 0}>
        {(answer) => (
          <TokensTable rows={answer.tokens.filter((row) => row.is_valid || !isValidOnly)} />
        )}
      </Answer>
      {isMaking ? <NewToken onClose={() => setMaking(false)} /> : null}
    </Section>
  )
}

function TokensTable({ rows }: { readonly rows: readonly TokenRow[] }) {
  const { t } = useTranslation('access')
  const { t: common } = useTranslation()
  const [revoking, setRevoking] = useState<TokenRow | null>(null)
  const whatOf = ({ kind, role }: TokenRow) =>
    role === null ? t(`tokens.kinds.${kind}`) : common(`role.${role}`)
  const columns: TableColumnsType<TokenRow> = [
    { title: t('tokens.id'), render: (_, row) => <code>{row.token_id}</code> },
    { title: t('tokens.kind'), render: (_, { kind }) => t(`tokens.kinds.${kind}`) },
    {
      title: t('tokens.role'),
      render: (_, { role }) => (role === null ? '–' : common(`role.${role}`)),
    },
    {
      title: t('tokens.scope'),
      render: (_, row) => row.region_code ?? row.site_code ?? t('everything'),
    },
    { title: t('tokens.from'), render: (_, row) => row.from ?? '–' },
    { title: t('tokens.uses'), align: 'right', render: (_, row) => countText(row.uses_left) },
    { title: t('tokens.created'), render: (_, row) => instantText(row.created_at) },
    { title: t('tokens.expires'), render: (_, row) => instantText(row.expires_at) },
    { title: t('tokens.state'), render: (_, row) => t(`tokens.states.${tokenState(row)}`) },
    {
      title: '',
      className: 'no-print',
      render: (_, row) =>
        row.revoked_at !== null ? null : (
          <Button
            size="small"
            aria-label={t('tokens.revoke_title', { id: row.token_id })}
            onClick={() => setRevoking(row)}
          >
            {t('tokens.revoke')}
          </Button>
        ),
    },
  ]
  return (
    <>
      <Rows
        label={t('tabs.tokens')}
        rows={rows}
        columns={columns}
        rowKey={({ token_id }) => token_id}
      />
      {revoking === null ? null : (
        <Confirm
          title={t('tokens.revoke_title', { id: revoking.token_id })}
          text={t('tokens.revoke_text', { what: whatOf(revoking) })}
          verb={t('tokens.revoke')}
          act={() => sendJson('POST', `/v1/tokens/${revoking.token_id}/revoke`)}
          onClose={() => setRevoking(null)}
        />
      )}
    </>
  )
}
