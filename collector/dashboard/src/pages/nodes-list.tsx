/** The list of agents, narrowed by the interface and read page by page: a country has thousands. */
import { AutoComplete, Button, Flex, Form, Input, Select, type TableColumnsType } from 'antd'
import { useTranslation } from 'react-i18next'
import type { NodeAnswer, NodeHealthAnswer } from '../../../src/api/answers/nodes.ts'
import { useAnswer } from '../api/client.ts'
import { instantText } from '../format.ts'
import { useAsked } from '../parts/asked.ts'
import { Paged, Rows, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useNames } from './ledger-names.ts'
import { HEALTH_PATH } from './nodes-health.tsx'
import {
  Attention,
  Found,
  LastHeard,
  NodeName,
  offsetText,
  Problems,
  useNodeCode,
} from './nodes-parts.tsx'

export interface NodePage {
  readonly nodes: readonly NodeAnswer[]
  readonly next_cursor: string | null
}

/** Parameters of `GET /v1/nodes`. */
const FILTERS = ['site', 'name', 'version', 'problem', 'silent', 'clock_off'] as const
type Filter = Readonly<Record<(typeof FILTERS)[number], string | null>>
const NO_FILTER: Filter = {
  site: null,
  name: null,
  version: null,
  problem: null,
  silent: null,
  clock_off: null,
}

export function NodeList() {
  const { t } = useTranslation('nodes')
  const [asked, ask] = useAsked(FILTERS)
  const pages = usePages<NodePage>('/v1/nodes', { ...asked })
  return (
    <Section title={t('list.title')} exported={{ table: 'nodes', query: { ...asked } }}>
      <Flex vertical gap={12}>
        <NodeFilter asked={asked} onAsk={ask} />
        <Paged of={pages} rowsOf={({ nodes }) => nodes}>
          {(nodes) => <NodeRows nodes={nodes} />}
        </Paged>
      </Flex>
    </Section>
  )
}

interface Fields {
  readonly site?: string | null
  readonly name?: string | null
  readonly version?: string | null
  readonly problem?: string | null
  readonly state?: 'silent' | 'clock_off' | null
}

interface NodeFilterProps {
  readonly asked: Filter
  readonly onAsk: (filter: Filter) => void
}

function NodeFilter({ asked, onAsk }: NodeFilterProps) {
  const { t } = useTranslation('nodes')
  const names = useNames()
  const problem = useNodeCode('problem')
  const [form] = Form.useForm<Fields>()
  const health = useAnswer<NodeHealthAnswer>(HEALTH_PATH).data
  const versions = health?.versions.flatMap(({ agent_version: version }) => version ?? []) ?? []
  const codes = new Set(health?.problems.flatMap(({ code }) => code ?? []))
  const state = asked.silent === null ? (asked.clock_off === null ? null : 'clock_off') : 'silent'
  const { clock_off: _, silent: __, ...fields } = asked
  const send = (next: Fields) =>
    onAsk({
      site: next.site ?? null,
      name: next.name?.trim() ?? null,
      version: next.version ?? null,
      problem: next.problem ?? null,
      silent: next.state === 'silent' ? 'true' : null,
      clock_off: next.state === 'clock_off' ? 'true' : null,
    })
  return (
    <Form<Fields>
      // What the address says is what the form shows.
      key={JSON.stringify(asked)}
      form={form}
      layout="inline"
      className="no-print"
      style={{ rowGap: 8 }}
      initialValues={{ ...fields, state }}
      onFinish={send}
    >
      <Form.Item name="state" label={t('list.filter.state')}>
        <Select
          allowClear
          style={{ width: 130 }}
          placeholder={t('list.filter.all')}
          onChange={() => form.submit()}
          options={(['silent', 'clock_off'] as const).map((value) => ({
            value,
            label: t(`list.filter.${value}`),
          }))}
        />
      </Form.Item>
      <Form.Item name="site" label={t('list.filter.site')}>
        <Select
          allowClear
          showSearch={{ optionFilterProp: 'label' }}
          style={{ width: 200 }}
          placeholder={t('list.filter.all')}
          onChange={() => form.submit()}
          options={names.sites?.map(({ code, name }) => ({ value: code, label: name })) ?? []}
        />
      </Form.Item>
      <Form.Item name="problem" label={t('list.filter.problem')}>
        <Select
          allowClear
          style={{ width: 160 }}
          placeholder={t('list.filter.all')}
          onChange={() => form.submit()}
          options={[
            { value: 'any', label: t('list.filter.any_problem') },
            ...[...codes].map((code) => ({ value: code, label: problem(code) })),
          ]}
        />
      </Form.Item>
      <Form.Item name="version" label={t('list.filter.version')}>
        <AutoComplete
          allowClear
          style={{ width: 130 }}
          options={versions.map((version) => ({ value: version }))}
        />
      </Form.Item>
      <Form.Item name="name" label={t('list.filter.name')}>
        <Input allowClear maxLength={120} style={{ width: 180 }} />
      </Form.Item>
      <Flex gap={8}>
        <Button htmlType="submit">{t('list.filter.apply')}</Button>
        <Button onClick={() => onAsk(NO_FILTER)}>{t('list.filter.clear')}</Button>
      </Flex>
    </Form>
  )
}

function NodeRows({ nodes }: { readonly nodes: readonly NodeAnswer[] }) {
  const { t } = useTranslation('nodes')
  const names = useNames()
  const columns: TableColumnsType<NodeAnswer> = [
    { title: t('list.node'), key: 'node', render: (_, node) => <NodeName node={node} /> },
    { title: t('list.site'), key: 'site', render: (_, node) => names.of('site', node.site_code) },
    {
      title: t('list.attention'),
      key: 'attention',
      render: (_, node) => <Attention node={node} />,
    },
    { title: t('list.heard'), key: 'heard', render: (_, node) => <LastHeard node={node} /> },
    {
      title: t('list.version'),
      key: 'version',
      render: (_, { session }) => session?.agent_version ?? null,
    },
    {
      title: <span title={t('list.found_help')}>{t('list.found')}</span>,
      key: 'found',
      align: 'right',
      render: (_, { found }) => <Found found={found} />,
    },
    {
      title: t('list.problems'),
      key: 'problems',
      render: (_, { found }) => <Problems codes={found?.problem_codes ?? []} />,
    },
    {
      title: t('list.offset'),
      key: 'offset',
      align: 'right',
      render: (_, { session }) => offsetText(session?.clock_offset_ms),
    },
    {
      title: t('list.told'),
      key: 'told',
      render: (_, { told_to: at }) => (at === null ? t('list.not_told') : instantText(at)),
    },
  ]
  return (
    <Rows
      label={t('list.title')}
      rows={nodes}
      columns={columns}
      rowKey={({ node_id: id }) => id}
      perPage={Number.MAX_SAFE_INTEGER}
    />
  )
}
