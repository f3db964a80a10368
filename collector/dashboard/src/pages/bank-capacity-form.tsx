/** The question of a capacity search as a form; what it asks is the interface's own words. */
import { Button, Flex, Form, InputNumber, Segmented, Select, Switch } from 'antd'
import { useEffect, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useNames } from './ledger-names.ts'

/** Parameters of `GET /v1/capacity`. */
export const QUESTION = [
  'model',
  'vendor',
  'domestic',
  'memory_gib_min',
  'cards',
  'p',
  'per_node',
  'same_site',
  'hours',
  'confidence',
  'region',
  'hub',
  'unfenced',
] as const
type QuestionName = (typeof QUESTION)[number]
export type CapacityQuestion = Readonly<Record<QuestionName, string | null>>

const CONFIDENCES = ['0.5', '0.8', '0.9', '0.95', '0.99'] as const
const HOURS_MAX = 9_999
const WIDTH = { width: '100%' } as const

type Amount = 'all' | 'cards' | 'p'
interface Fields {
  readonly amount: Amount
  readonly cards?: number | null
  readonly p?: number | null
  readonly per_node?: number | null
  readonly hours?: number | null
  readonly memory_gib_min?: number | null
  readonly confidence?: string | null
  readonly model?: string | null
  readonly vendor?: string | null
  readonly domestic?: string | null
  readonly region?: string | null
  readonly hub?: string | null
  readonly same_site?: boolean
  readonly unfenced?: boolean
}

export interface CapacityFormProps {
  readonly asked: CapacityQuestion
  readonly onAsk: (question: CapacityQuestion) => void
}

export function CapacityForm({ asked, onAsk }: CapacityFormProps) {
  const { t } = useTranslation('bank')
  const [form] = Form.useForm<Fields>()
  const amount = Form.useWatch('amount', form) ?? amountOf(asked)
  const hours = Form.useWatch('hours', form)
  // Back and forward change the address; the form follows.
  useEffect(() => form.setFieldsValue(fieldsOf(asked)), [asked, form])
  const options = useOptions()
  const noHours = hours === undefined || hours === null
  return (
    <Form<Fields>
      form={form}
      layout="vertical"
      initialValues={fieldsOf(asked)}
      onFinish={(fields) => onAsk(questionOf(fields))}
    >
      <div
        style={{
          display: 'grid',
          gap: '0 16px',
          gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 200px), 1fr))',
        }}
      >
        <Form.Item name="amount" label={t('capacity.form.amount')}>
          <Segmented<Amount>
            aria-label={t('capacity.form.amount')}
            block
            options={[
              { value: 'all', label: t('capacity.form.all') },
              { value: 'cards', label: t('capacity.form.cards') },
              { value: 'p', label: t('capacity.form.p') },
            ]}
          />
        </Form.Item>
        {amount === 'cards' ? (
          <Form.Item name="cards" label={t('cards')} rules={[{ required: true, message: '' }]}>
            <InputNumber min={1} max={10_000_000} precision={0} style={WIDTH} />
          </Form.Item>
        ) : null}
        {amount === 'p' ? (
          <Form.Item name="p" label={t('common:unit.p')} rules={[{ required: true, message: '' }]}>
            <InputNumber min={0.001} max={999_999_999} precision={3} style={WIDTH} />
          </Form.Item>
        ) : null}
        <Form.Item name="per_node" label={t('capacity.form.per_node')}>
          <InputNumber min={1} max={1_024} precision={0} style={WIDTH} />
        </Form.Item>
        <Form.Item name="hours" label={t('capacity.form.hours')}>
          <InputNumber min={0.001} max={HOURS_MAX} style={WIDTH} />
        </Form.Item>
        <Form.Item
          name="confidence"
          label={t('capacity.form.confidence')}
          tooltip={t('capacity.form.confidence_help')}
        >
          <Select
            allowClear
            disabled={noHours}
            placeholder={t('any')}
            options={CONFIDENCES.map((value) => ({
              value,
              label: `${Math.round(Number(value) * 100)} %`,
            }))}
          />
        </Form.Item>
        <Form.Item name="model" label={t('model')}>
          <Select allowClear showSearch placeholder={t('any')} options={options.models} />
        </Form.Item>
        <Form.Item name="vendor" label={t('vendor')}>
          <Select
            allowClear
            showSearch={{ optionFilterProp: 'label' }}
            placeholder={t('any')}
            options={options.vendors}
          />
        </Form.Item>
        <Form.Item name="domestic" label={t('capacity.form.origin')}>
          <Select
            allowClear
            placeholder={t('any')}
            options={[
              { value: 'true', label: t('capacity.form.domestic') },
              { value: 'false', label: t('capacity.form.foreign') },
            ]}
          />
        </Form.Item>
        <Form.Item name="memory_gib_min" label={t('capacity.form.memory')}>
          <InputNumber min={1} max={4_096} precision={0} style={WIDTH} />
        </Form.Item>
        <Form.Item name="region" label={t('region')}>
          <Select
            allowClear
            showSearch={{ optionFilterProp: 'label' }}
            placeholder={t('any')}
            options={options.regions}
          />
        </Form.Item>
        <Form.Item name="hub" label={t('hub')}>
          <Select allowClear placeholder={t('any')} options={options.hubs} />
        </Form.Item>
        <Flex gap={24}>
          <Form.Item name="same_site" label={t('capacity.form.same_site')} valuePropName="checked">
            <Switch disabled={amount === 'all'} />
          </Form.Item>
          <Form.Item name="unfenced" label={t('capacity.form.unfenced')} valuePropName="checked">
            <Switch />
          </Form.Item>
        </Flex>
      </div>
      <Flex gap={8} className="no-print">
        <Button type="primary" htmlType="submit">
          {t('capacity.form.search')}
        </Button>
        <Button onClick={() => onAsk(questionOf({ amount: 'all' }))}>
          {t('capacity.form.clear')}
        </Button>
      </Flex>
    </Form>
  )
}

function useOptions() {
  const { models, of, regions } = useNames()
  return useMemo(() => {
    const named = (grouping: string, keys: readonly string[]) =>
      keys.map((value) => ({ value, label: of(grouping, value) }))
    const hubs = regions?.hubs.map(({ key }) => key)
    return {
      models: models?.models.map(({ model }) => ({ value: model, label: model })) ?? [],
      vendors: named('vendor', models?.vendors.map(({ vendor }) => vendor) ?? []),
      regions: named('region', regions?.provinces.map(({ code }) => code) ?? []),
      hubs: named('hub', hubs ?? []),
    }
  }, [models, of, regions])
}

function amountOf({ cards, p }: CapacityQuestion): Amount {
  if (cards !== null) return 'cards'
  return p === null ? 'all' : 'p'
}

function fieldsOf(asked: CapacityQuestion): Fields {
  const number = (text: string | null) => (text === null ? null : Number(text))
  return {
    amount: amountOf(asked),
    cards: number(asked.cards),
    p: number(asked.p),
    per_node: number(asked.per_node),
    hours: number(asked.hours),
    memory_gib_min: number(asked.memory_gib_min),
    confidence: asked.confidence,
    model: asked.model,
    vendor: asked.vendor,
    domestic: asked.domestic,
    region: asked.region,
    hub: asked.hub,
    same_site: asked.same_site === 'true',
    unfenced: asked.unfenced === 'true',
  }
}

/** Leaves out what would contradict itself. */
function questionOf(fields: Fields): CapacityQuestion {
  const text = (value: string | number | null | undefined) =>
    value === null || value === undefined ? null : String(value)
  const { amount } = fields
  return {
    model: text(fields.model),
    vendor: text(fields.vendor),
    domestic: text(fields.domestic),
    memory_gib_min: text(fields.memory_gib_min),
    cards: amount === 'cards' ? text(fields.cards) : null,
    p: amount === 'p' ? text(fields.p) : null,
    per_node: text(fields.per_node),
    same_site: fields.same_site === true && amount !== 'all' ? 'true' : null,
    hours: text(fields.hours),
    confidence:
      fields.hours === null || fields.hours === undefined ? null : text(fields.confidence),
    region: text(fields.region),
    hub: text(fields.hub),
    unfenced: fields.unfenced === true ? 'true' : null,
  }
}
