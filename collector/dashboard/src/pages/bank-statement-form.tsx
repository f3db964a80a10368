/** Whose statement, and of which months; and the same statement as a signed note to keep. */
import { App, AutoComplete, Button, DatePicker, Form, Input, Segmented } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { pathOf, type Query } from '../api/client.ts'
import { monthAt, spanOfMonths } from './bank-months.ts'
import { useNames } from './ledger-names.ts'

export const STATEMENT_QUESTION = ['kind', 'code', 'first', 'last'] as const
type Asked = Readonly<Record<(typeof STATEMENT_QUESTION)[number], string | null>>
type Kind = 'owner' | 'borrower'
const NOUNS = { owner: 'accounts', borrower: 'borrowers' } as const

export interface StatementPath {
  readonly kind: Kind
  readonly code: string
  readonly path: string
  readonly query: { readonly from: string; readonly to: string }
}

/** `null` while something is left to choose. */
export function statementPath(asked: Asked): StatementPath | null {
  const { code } = asked
  const kind = kindOf(asked)
  const query = spanOfMonths(asked.first ?? '', asked.last ?? asked.first ?? '')
  if (code === null || query === null) return null
  return { kind, code, query, path: `/v1/${NOUNS[kind]}/${encodeURIComponent(code)}/statement` }
}

interface Fields {
  readonly kind: Kind
  readonly code?: string
  readonly months?: readonly [Dayjs, Dayjs] | null
}

export interface StatementFormProps {
  readonly asked: Asked
  readonly onAsk: (question: Asked) => void
}

export function StatementForm({ asked, onAsk }: StatementFormProps) {
  const { t } = useTranslation('bank')
  const [form] = Form.useForm<Fields>()
  const kind = Form.useWatch('kind', form) ?? kindOf(asked)
  const owners = useOwners()
  useEffect(() => form.setFieldsValue(fieldsOf(asked)), [asked, form])
  const required = [{ required: true, whitespace: true, message: '' }]
  return (
    <Form<Fields>
      form={form}
      layout="inline"
      className="no-print"
      style={{ rowGap: 8 }}
      initialValues={fieldsOf(asked)}
      onFinish={({ code, kind: of, months }) =>
        onAsk({
          kind: of,
          code: code?.trim() ?? null,
          first: months?.[0].format('YYYY-MM') ?? null,
          last: months?.[1].format('YYYY-MM') ?? null,
        })
      }
    >
      <Form.Item name="kind" label={t('statement.kind.label')}>
        <Segmented<Kind>
          options={(['owner', 'borrower'] as const).map((value) => ({
            value,
            label: t(`statement.kind.${value}`),
          }))}
        />
      </Form.Item>
      <Form.Item name="code" label={t(`statement.code.${kind}`)} rules={required}>
        {kind === 'owner' ? (
          <AutoComplete
            style={{ width: 'min(300px, 70vw)' }}
            options={owners}
            showSearch={{
              filterOption: (text, option) =>
                `${option?.value} ${option?.label}`.toLowerCase().includes(text.toLowerCase()),
            }}
          />
        ) : (
          <Input maxLength={64} style={{ width: 'min(240px, 60vw)' }} />
        )}
      </Form.Item>
      <Form.Item
        name="months"
        label={t('statement.months')}
        rules={[{ required: true, message: '' }]}
      >
        <DatePicker.RangePicker
          picker="month"
          allowClear={false}
          style={{ width: 'min(260px, 65vw)' }}
        />
      </Form.Item>
      <Button type="primary" htmlType="submit">
        {t('statement.show')}
      </Button>
    </Form>
  )
}

function useOwners() {
  const { sites } = useNames()
  const owners = new Map(sites?.map(({ owner }) => [owner.code, owner.name]))
  return [...owners].flatMap(([code, name]) =>
    code === null ? [] : [{ value: code, label: `${name ?? ''} ${code}` }],
  )
}

function kindOf(asked: Asked): Kind {
  return asked.kind === 'borrower' ? 'borrower' : 'owner'
}

function fieldsOf(asked: Asked): Fields {
  const first = asked.first ?? monthAt(Date.now())
  const last = asked.last ?? first
  return {
    kind: kindOf(asked),
    code: asked.code ?? '',
    months: [dayjs(`${first}-01`), dayjs(`${last}-01`)],
  }
}

/** A note that stands by itself: whoever has the public key can check it. */
export function SignedNote({ path, query }: { readonly path: string; readonly query: Query }) {
  const { t } = useTranslation('bank')
  const { message } = App.useApp()
  const [isBusy, setBusy] = useState(false)
  const start = async () => {
    setBusy(true)
    try {
      await downloadNote(pathOf(path, { ...query, format: 'signed' }))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      void message.error(`${t('statement.sign_failed')}：${why}`)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button
      className="no-print"
      loading={isBusy}
      title={t('statement.sign_note')}
      onClick={() => void start()}
    >
      {t('statement.sign')}
    </Button>
  )
}

async function downloadNote(path: string): Promise<void> {
  const response = await fetch(path, { credentials: 'same-origin' })
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await response.blob())
  link.download = 'statement.note'
  link.click()
  URL.revokeObjectURL(link.href)
}
