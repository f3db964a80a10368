/** The audit log, newest first: filters, its chain of hashes checked, and its export. */
import {
  Button,
  DatePicker,
  Flex,
  Form,
  Input,
  Select,
  type TableColumnsType,
  Typography,
} from 'antd'
import type { Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getJson, type Query } from '../api/client.ts'
import type { Role } from '../api/session.ts'
import { countText, instantText } from '../format.ts'
import { instantOf } from '../parts/civil.ts'
import { Paged, Rows, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { auditQuery, scopeText } from './access-figures.ts'
import { Mark } from './verification-facts.tsx'

interface AuditRow {
  readonly number: number
  readonly at: string
  readonly actor: string | null
  readonly role: Role | null
  readonly scope: unknown
  readonly session: string | null
  readonly method: string
  readonly route: string
  readonly details: unknown
  readonly status: number
  readonly address: string
  readonly export_id: string | null
  readonly purpose: string | null
  readonly repeats: number
  readonly hash: string
}
interface AuditAnswer {
  readonly rows: readonly AuditRow[]
  readonly next_cursor: string | null
}

interface Asked {
  readonly which?: 'all' | 'refused' | 'exports'
  readonly actor?: string
  readonly route?: string
  readonly session?: string
  readonly export_id?: string
  readonly range?: readonly [Dayjs, Dayjs] | null
}

export function AuditTab() {
  const { t } = useTranslation('access')
  const [query, setQuery] = useState<Query>({})
  const pages = usePages<AuditAnswer>('/v1/audit', query)
  return (
    <Flex vertical gap={16}>
      <Chain />
      <Section title={t('tabs.audit')} exported={{ table: 'audit', query }}>
        <Filters onAsk={setQuery} />
        <Paged of={pages} rowsOf={({ rows }) => rows}>
          {(rows) => <AuditTable rows={rows} />}
        </Paged>
      </Section>
    </Flex>
  )
}

function Filters({ onAsk }: { readonly onAsk: (query: Query) => void }) {
  const { t } = useTranslation('access')
  const [form] = Form.useForm<Asked>()
  const ask = ({ range, ...asked }: Asked) => {
    const [from, to] = range ?? []
    onAsk(
      auditQuery({
        ...asked,
        from: from === undefined ? null : instantOf(from),
        to: to === undefined ? null : instantOf(to),
      }),
    )
  }
  const texts = ['actor', 'route', 'session', 'export_id'] as const
  return (
    <Form<Asked>
      form={form}
      layout="vertical"
      aria-label={t('audit.filter')}
      className="no-print asking"
      initialValues={{ which: 'all' }}
      onFinish={ask}
    >
      <Form.Item name="which" label={t('audit.which')}>
        <Select
          style={{ width: 110 }}
          options={(['all', 'refused', 'exports'] as const).map((value) => ({
            value,
            label: t(`audit.${value}`),
          }))}
        />
      </Form.Item>
      <Form.Item name="range" label={t('audit.range')}>
        <DatePicker.RangePicker
          showTime={{ format: 'HH:mm' }}
          format="YYYY-MM-DD HH:mm"
          style={{ maxWidth: '100%' }}
        />
      </Form.Item>
      {texts.map((name) => (
        <Form.Item key={name} name={name} label={t(`audit.${name}`)}>
          <Input
            allowClear
            maxLength={200}
            style={{ width: 180 }}
            {...(name === 'route' ? { placeholder: t('audit.route_help') } : {})}
          />
        </Form.Item>
      ))}
      <Flex gap={8} style={{ marginBottom: 24 }}>
        <Button type="primary" htmlType="submit">
          {t('audit.apply')}
        </Button>
        <Button
          onClick={() => {
            form.resetFields()
            onAsk({})
          }}
        >
          {t('audit.reset')}
        </Button>
      </Flex>
    </Form>
  )
}

function AuditTable({ rows }: { readonly rows: readonly AuditRow[] }) {
  const { t } = useTranslation('access')
  const { t: common } = useTranslation()
  const columns: TableColumnsType<AuditRow> = [
    { title: t('audit.number'), align: 'right', render: (_, row) => countText(row.number) },
    { title: t('audit.at'), render: (_, row) => instantText(row.at) },
    { title: t('audit.actor'), render: (_, row) => row.actor ?? t('audit.nobody') },
    {
      title: t('audit.role'),
      render: (_, { role }) => (role === null ? '–' : common(`role.${role}`)),
    },
    { title: t('audit.method'), dataIndex: 'method' },
    { title: t('audit.route'), render: (_, { route }) => <code>{route}</code> },
    {
      title: t('audit.status'),
      align: 'right',
      render: (_, { status }) => (status >= 400 ? <strong>{`✗ ${status}`}</strong> : status),
    },
    { title: t('audit.purpose'), render: (_, { purpose }) => purpose ?? '' },
    { title: t('audit.address'), dataIndex: 'address' },
  ]
  return (
    <Rows
      label={t('tabs.audit')}
      rows={rows}
      columns={columns}
      rowKey={({ number }) => String(number)}
      expanded={(row) => <Details of={row} />}
    />
  )
}

function Details({ of }: { readonly of: AuditRow }) {
  const { t } = useTranslation('access')
  const facts = [
    [t('audit.details'), JSON.stringify(of.details)],
    [t('audit.scope'), scopeText(of.scope) ?? t('everything')],
    [t('audit.session'), of.session ?? '–'],
    [t('audit.export_id'), of.export_id ?? '–'],
    [t('audit.repeats'), countText(of.repeats)],
    [t('audit.hash'), of.hash],
  ] as const
  return (
    <dl className="facts" style={{ margin: 0, maxWidth: 900 }}>
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd style={{ whiteSpace: 'normal' }}>
            <code>{value}</code>
          </dd>
        </div>
      ))}
    </dl>
  )
}

interface ChainCheck {
  readonly status: 'intact' | 'broken'
  readonly after: number
  readonly through: number
  readonly pruned_through: number
  readonly seals_met: number
  readonly unsealed_rows: number
  readonly faults: readonly { readonly number: number; readonly sentence: string }[]
  readonly next: number | null
}

/** The server walks the chain in pieces; each piece is shown as it was found. */
function Chain() {
  const { t } = useTranslation('access')
  const [checks, setChecks] = useState<readonly ChainCheck[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const next = checks.at(-1)?.next ?? null
  const run = async (after: number | null) => {
    setBusy(true)
    setProblem(null)
    try {
      const check = await getJson<ChainCheck>('/v1/audit/check', { after })
      setChecks((before) => (after === null ? [check] : [...before, check]))
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Flex vertical gap={8}>
      <Typography.Text type="secondary">{t('audit.help')}</Typography.Text>
      <div className="no-print">
        <Button loading={isBusy} onClick={() => void run(next)}>
          {t(next === null ? 'audit.check' : 'audit.more')}
        </Button>
      </div>
      {checks.map((check) => (
        <ChainPiece key={check.after} of={check} />
      ))}
      {problem === null ? null : (
        <Typography.Text type="danger" role="alert">
          {t('failed', { detail: problem })}
        </Typography.Text>
      )}
    </Flex>
  )
}

function ChainPiece({ of }: { readonly of: ChainCheck }) {
  const { t } = useTranslation('access')
  const isIntact = of.status === 'intact'
  return (
    <div>
      <Mark
        isGood={isIntact}
        text={
          isIntact
            ? t('audit.intact', {
                after: countText(of.after),
                through: countText(of.through),
                seals: countText(of.seals_met),
              })
            : t('audit.broken', { count: of.faults.length })
        }
      />
      {of.faults.map(({ number, sentence }) => (
        <div key={number}>{`${countText(number)}: ${sentence}`}</div>
      ))}
      <div>
        <Typography.Text type="secondary">
          {[
            t('audit.unsealed', { count: countText(of.unsealed_rows) }),
            ...(of.pruned_through === 0
              ? []
              : [t('audit.pruned', { count: countText(of.pruned_through) })]),
          ].join(' · ')}
        </Typography.Text>
      </div>
    </div>
  )
}
