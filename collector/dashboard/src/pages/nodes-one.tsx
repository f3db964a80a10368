/** One node: its facts, what each probe found and could not read and why, its cards and their states. */
import { Descriptions, Flex, type TableColumnsType, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { OneNodeAnswer } from '../../../src/api/answers/nodes.ts'
import { useAnswer } from '../api/client.ts'
import { useSession } from '../api/session.ts'
import { countText, instantText, NOT_KNOWN } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useNames } from './ledger-names.ts'
import { NodeCards } from './nodes-cards.tsx'
import { Attention, offsetText, useNodeCode } from './nodes-parts.tsx'

type Facts = NonNullable<OneNodeAnswer['facts']>
type Probe = Facts['probes'][number]

export function OneNode({ id }: { readonly id: string }) {
  const { t } = useTranslation('nodes')
  const node = useAnswer<OneNodeAnswer>(`/v1/nodes/${encodeURIComponent(id)}`)
  const role = useSession().data?.role
  return (
    <Flex vertical gap={16}>
      <Link href="/nodes">{`← ${t('one.back')}`}</Link>
      <Answer of={node} rows={8}>
        {(answer) => (
          <>
            <Flex gap={12} align="center" wrap>
              <h1 style={{ margin: 0, fontSize: 22 }}>{answer.name}</h1>
              <Attention node={answer} />
            </Flex>
            <Section title={t('one.facts')}>
              <FactList node={answer} />
            </Section>
            <Section title={t('one.probes')} exported={{ table: 'node-probes', query: { id } }}>
              <Probes facts={answer.facts} />
            </Section>
          </>
        )}
      </Answer>
      {role === undefined || role === 'security' ? null : <NodeCards id={id} />}
    </Flex>
  )
}

function FactList({ node }: { readonly node: OneNodeAnswer }) {
  const { t } = useTranslation('nodes')
  const names = useNames()
  const status = useNodeCode('status')
  const owner = useNodeCode('owner_kind')
  const { facts, session } = node
  const items = [
    ['one.site', `${names.of('site', node.site_code)} (${node.site_code})`],
    ['one.id', node.node_id],
    ['one.code', node.resource_code],
    ['one.status', status(node.status)],
    ['one.enrolled', instantText(node.enrolled_at)],
    ['list.version', session?.agent_version ?? NOT_KNOWN],
    ['list.heard', session === null ? t('list.never') : instantText(session.last_heard_at)],
    ['one.connected_at', instantText(session?.connected_at)],
    ['one.ended', session?.ended_reason ?? NOT_KNOWN],
    ['one.address', session?.remote_address ?? NOT_KNOWN],
    ['list.offset', offsetText(session?.clock_offset_ms)],
    ['list.told', node.told_to === null ? t('list.not_told') : instantText(node.told_to)],
    ...(node.issued_codes.length === 0
      ? []
      : [
          [
            'one.issued',
            node.issued_codes
              .flatMap(({ scheme, value }) => (value === null ? [] : `${scheme} ${value}`))
              .join('，'),
          ] as const,
        ]),
    ...(facts === null
      ? []
      : ([
          ['one.received', instantText(facts.received_at)],
          ['one.os', facts.operating_system ?? NOT_KNOWN],
          ['one.kernel', facts.kernel ?? NOT_KNOWN],
          ['one.architecture', facts.architecture ?? NOT_KNOWN],
          ['one.cpu', facts.cpu_model ?? NOT_KNOWN],
          ['one.cores', countText(facts.cpu_cores)],
          ['one.memory', gibText(facts.memory_total_mib)],
          ['one.virtualization', facts.virtualization ?? NOT_KNOWN],
          ['one.owner_kind', owner(facts.owner_kind)],
        ] as const)),
  ] as const
  return (
    <>
      <Descriptions
        size="small"
        className="tabular"
        column={{ xs: 1, sm: 2, lg: 3, xl: 4 }}
        items={items.map(([key, children]) => ({ key, label: t(key), children }))}
      />
      {facts === null ? (
        <Typography.Text type="secondary">{t('one.no_facts')}</Typography.Text>
      ) : null}
    </>
  )
}

function Probes({ facts }: { readonly facts: Facts | null }) {
  const { t } = useTranslation('nodes')
  const names = useNames()
  const problem = useNodeCode('problem')
  if (facts === null || facts.probes.length === 0) {
    const text = facts === null ? t('one.no_facts') : t('one.no_probes')
    return <Typography.Text type="secondary">{text}</Typography.Text>
  }
  const columns: TableColumnsType<Probe> = [
    {
      title: t('one.probe.vendor'),
      key: 'vendor',
      render: (_, row) => names.of('vendor', row.vendor),
    },
    {
      title: t('one.probe.tool'),
      key: 'tool',
      render: (_, { tool, tool_version: version }) =>
        tool === null
          ? t('one.probe.no_tool')
          : [tool, version].filter((one) => one !== null).join(' '),
    },
    {
      title: t('one.probe.found'),
      key: 'found',
      align: 'right',
      render: (_, row) => countText(row.units_found),
    },
    {
      title: t('one.probe.present'),
      key: 'present',
      align: 'right',
      render: (_, row) => countText(row.cards_present),
    },
    { title: t('one.probe.verdict'), key: 'verdict', render: (_, row) => <Verdict probe={row} /> },
    {
      title: t('one.probe.problem'),
      key: 'problem',
      render: (_, { problem: sentence, problem_code: code }) =>
        code === null && sentence === null ? null : (
          <Flex vertical style={{ maxWidth: 560, whiteSpace: 'normal' }}>
            <span title={code ?? undefined}>{problem(code)}</span>
            <Typography.Text type="secondary" lang="en">
              {sentence}
            </Typography.Text>
          </Flex>
        ),
    },
  ]
  return (
    <Rows
      label={t('one.probes')}
      rows={facts.probes}
      columns={columns}
      rowKey={({ vendor }) => vendor}
    />
  )
}

function Verdict({ probe }: { readonly probe: Probe }) {
  const { t } = useTranslation('nodes')
  const missing = probe.cards_present - probe.units_found
  if (missing > 0) return <Tag color="red">{t('one.probe.unread', { count: missing })}</Tag>
  if (probe.problem_code !== null) return <Tag color="orange">{t('one.probe.partial')}</Tag>
  return <Tag color="green">{t('one.probe.complete')}</Tag>
}

function gibText(mib: number | null): string {
  return mib === null ? NOT_KNOWN : `${countText(Math.round(mib / 1_024))} GiB`
}
