/** All nodes counted: by how they fare, by version of the agent, by problem of their probes. */
import { Flex, type TableColumnsType, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { NodeHealthAnswer } from '../../../src/api/answers/nodes.ts'
import { useAnswer } from '../api/client.ts'
import { countText, shareText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Figure } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useNames } from './ledger-names.ts'
import { useNodeCode } from './nodes-parts.tsx'

export const HEALTH_PATH = '/v1/nodes/health'

const DEFINITIONS = {
  active: 'node_active',
  connected: 'node_active',
  silent: 'node_silent',
  clock_off: 'clock_offset',
  problem: 'probe_problem',
  revoked: 'node_active',
} as const

export function NodeFigures() {
  const { t } = useTranslation('nodes')
  const health = useAnswer<NodeHealthAnswer>(HEALTH_PATH)
  return (
    <Section title={t('health.title')}>
      <Answer of={health}>{(answer) => <Figures health={answer} />}</Answer>
    </Section>
  )
}

export function NodeCounts() {
  const { t } = useTranslation('nodes')
  const health = useAnswer<NodeHealthAnswer>(HEALTH_PATH)
  return (
    <div
      style={{
        display: 'grid',
        gap: 16,
        gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 420px), 1fr))',
        alignItems: 'start',
      }}
    >
      <Section title={t('versions.title')} exported={{ table: 'node-versions' }}>
        <Answer of={health}>{(answer) => <Versions health={answer} />}</Answer>
      </Section>
      <Section title={t('problems.title')} exported={{ table: 'node-problems' }}>
        <Answer of={health}>{(answer) => <Problems health={answer} />}</Answer>
      </Section>
    </div>
  )
}

function Figures({ health }: { readonly health: NodeHealthAnswer }) {
  const { t } = useTranslation('nodes')
  const shareOf = (count: number) => (health.active === 0 ? null : count / health.active)
  const of = (count: number) => t('health.of_active', { share: shareText(shareOf(count)) })
  const figures = [
    ['active', health.active, undefined],
    ['connected', health.connected, of(health.connected)],
    ['silent', health.silent, t('health.silent_note', { count: health.never_connected })],
    ['clock_off', health.clock_off, t('health.clock_note')],
    ['problem', health.with_problem, t('health.problem_note')],
    ['revoked', health.revoked, undefined],
  ] as const
  return (
    <Flex wrap gap="16px 40px">
      {figures.map(([name, count, note]) => (
        <div key={name} style={{ maxWidth: 260 }}>
          <Figure
            definition={DEFINITIONS[name]}
            name={t(`health.${name}`)}
            value={countText(count)}
            {...(note === undefined ? {} : { note })}
          />
        </div>
      ))}
    </Flex>
  )
}

function Versions({ health }: { readonly health: NodeHealthAnswer }) {
  const { t } = useTranslation('nodes')
  const columns: TableColumnsType<NodeHealthAnswer['versions'][number]> = [
    {
      title: t('versions.version'),
      key: 'version',
      render: (_, { agent_version: version }) =>
        version === null ? (
          t('versions.never')
        ) : (
          <Link href={`/nodes?version=${encodeURIComponent(version)}`}>{version}</Link>
        ),
    },
    {
      title: t('versions.nodes'),
      key: 'nodes',
      align: 'right',
      render: (_, { nodes }) => countText(nodes),
    },
    {
      title: t('share'),
      key: 'share',
      align: 'right',
      render: (_, { nodes }) => shareText(health.active === 0 ? null : nodes / health.active),
    },
  ]
  return (
    <Rows
      label={t('versions.title')}
      rows={health.versions}
      columns={columns}
      rowKey={({ agent_version: version }) => version ?? ''}
      perPage={10}
    />
  )
}

function Problems({ health }: { readonly health: NodeHealthAnswer }) {
  const { t } = useTranslation('nodes')
  const names = useNames()
  const problem = useNodeCode('problem')
  if (health.problems.length === 0) {
    return <Typography.Text type="secondary">{t('problems.none')}</Typography.Text>
  }
  const columns: TableColumnsType<NodeHealthAnswer['problems'][number]> = [
    {
      title: t('problems.vendor'),
      key: 'vendor',
      render: (_, row) => names.of('vendor', row.vendor),
    },
    {
      title: t('problems.problem'),
      key: 'problem',
      render: (_, { code }) =>
        code === null ? (
          t('problems.unread')
        ) : (
          <Link href={`/nodes?problem=${encodeURIComponent(code)}`} title={code}>
            {problem(code)}
          </Link>
        ),
    },
    {
      title: t('problems.nodes'),
      key: 'nodes',
      align: 'right',
      render: (_, { nodes }) => countText(nodes),
    },
  ]
  return (
    <>
      <Rows
        label={t('problems.title')}
        rows={health.problems}
        columns={columns}
        rowKey={({ vendor, code }) => `${vendor}/${code}`}
        perPage={10}
      />
      <Typography.Text type="secondary">{t('problems.help')}</Typography.Text>
    </>
  )
}
