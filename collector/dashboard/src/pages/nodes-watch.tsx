/** What somebody has to look at, before anything else: silent nodes, and clocks that are off. */
import { Flex, type TableColumnsType, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { NodeAnswer } from '../../../src/api/answers/nodes.ts'
import { useAnswer } from '../api/client.ts'
import { instantText, NOT_KNOWN } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useNames } from './ledger-names.ts'
import type { NodePage } from './nodes-list.tsx'
import { Attention, LastHeard, NodeName, offsetText } from './nodes-parts.tsx'

const SHOWN = 20

export function NodeWatch() {
  const { t } = useTranslation('nodes')
  return (
    <div
      style={{
        display: 'grid',
        gap: 16,
        gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 480px), 1fr))',
        alignItems: 'start',
      }}
    >
      <Watched
        title={t('watch.silent')}
        none={t('watch.none_silent')}
        query={{ silent: true }}
        column={{
          title: t('list.told'),
          key: 'told',
          render: (_, { told_to: at }) => (at === null ? t('list.not_told') : instantText(at)),
        }}
      />
      <Watched
        title={t('watch.clock')}
        none={t('watch.none_clock')}
        query={{ clock_off: true }}
        column={{
          title: t('list.offset'),
          key: 'offset',
          align: 'right',
          render: (_, { session }) => offsetText(session?.clock_offset_ms),
        }}
      />
    </div>
  )
}

interface WatchedProps {
  readonly title: string
  readonly none: string
  readonly query: { readonly silent?: true; readonly clock_off?: true }
  /** What is said of each besides. */
  readonly column: TableColumnsType<NodeAnswer>[number]
}

function Watched({ title, none, query, column }: WatchedProps) {
  const { t } = useTranslation('nodes')
  const names = useNames()
  const found = useAnswer<NodePage>('/v1/nodes', { ...query, limit: SHOWN })
  const columns: TableColumnsType<NodeAnswer> = [
    { title: t('list.node'), key: 'node', render: (_, node) => <NodeName node={node} /> },
    {
      title: t('list.attention'),
      key: 'attention',
      render: (_, node) => <Attention node={node} />,
    },
    { title: t('list.site'), key: 'site', render: (_, node) => names.of('site', node.site_code) },
    column,
    { title: t('list.heard'), key: 'heard', render: (_, node) => <LastHeard node={node} /> },
    {
      title: t('one.ended'),
      key: 'ended',
      render: (_, { session }) => session?.ended_reason ?? NOT_KNOWN,
    },
  ]
  return (
    <Section title={title} exported={{ table: 'nodes', query }}>
      <Answer of={found}>
        {({ nodes, next_cursor: next }) =>
          nodes.length === 0 ? (
            <Typography.Text type="secondary">{none}</Typography.Text>
          ) : (
            <Flex vertical gap={8}>
              <Rows label={title} rows={nodes} columns={columns} rowKey={({ node_id: id }) => id} />
              {next === null ? null : (
                <Typography.Text type="secondary">
                  {t('watch.first', { count: nodes.length })}
                </Typography.Text>
              )}
            </Flex>
          )
        }
      </Answer>
    </Section>
  )
}
