/** A site: what it states of itself, and the nodes in it. */
import { Descriptions, Flex, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useSearch } from 'wouter'
import type { NodeAnswer } from '../../../src/api/answers/nodes.ts'
import type { SiteAnswer } from '../../../src/api/answers/sites.ts'
import { amountText, countText, dayText, instantText, NOT_KNOWN, shareText } from '../format.ts'
import { Term } from '../parts/figure.tsx'
import { Paged, Rows, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import type { Names } from './ledger-names.ts'
import { hrefOf, type Place, partsOf } from './utilization-place.ts'

export function SiteFacts({ names, code }: { readonly names: Names; readonly code: string }) {
  const { t } = useTranslation('utilization')
  if (names.sites === undefined) return null
  const site = names.sites.find((one) => one.code === code)
  return (
    <Section title={t('site.title')} exported={{ table: 'sites' }}>
      {site === undefined ? t('site.missing') : <Facts site={site} names={names} />}
    </Section>
  )
}

function Facts({ site, names }: { readonly site: SiteAnswer; readonly names: Names }) {
  const { t } = useTranslation('utilization')
  const { pue, racks, tariff } = site.facts
  const stated = (fact: { readonly author: string; readonly valid_from: string }) =>
    t('site.stated', { author: fact.author, from: dayText(fact.valid_from) })
  const items = [
    { key: 'code', label: t('site.code'), children: site.resource_code ?? site.code },
    { key: 'operator', label: t('site.operator'), children: partyText(site.operator) },
    { key: 'owner', label: t('site.owner'), children: partyText(site.owner) },
    {
      key: 'hub',
      label: t('ledger:table.by.cluster'),
      children:
        site.cluster === null ? names.of('hub', site.hub) : names.of('cluster', site.cluster),
    },
    {
      key: 'pue',
      label: <Term id="pue">{t('site.pue')}</Term>,
      children: pue === null ? NOT_KNOWN : `${pue.value} · ${stated(pue)}`,
    },
    {
      key: 'racks',
      label: <Term id="rack_occupancy">{t('site.racks')}</Term>,
      children:
        racks === null
          ? NOT_KNOWN
          : [shareText(racks.occupancy), t('site.racks_note', racks), stated(racks)].join(' · '),
    },
    {
      key: 'tariff',
      label: <Term id="tariff_period">{t('site.tariff')}</Term>,
      children:
        tariff === null
          ? NOT_KNOWN
          : `${t('site.tariff_stated', { zone: tariff.time_zone })} · ${[...new Set(tariff.periods.map(({ name }) => name))].join(' / ')}`,
    },
    {
      key: 'declared',
      label: <Term id="declared">{t('site.declared')}</Term>,
      children: (
        <Flex vertical gap={2}>
          {site.declared.map((row) => (
            <Flex key={`${row.model} ${row.basis}`} gap={6} align="center" wrap>
              {`${row.model} × ${countText(row.cards)} · ${amountText(row.p)} P`}
              {row.flag === null ? null : <Tag color="gold">{t('ledger:table.flagged_plain')}</Tag>}
            </Flex>
          ))}
        </Flex>
      ),
    },
  ]
  return <Descriptions size="small" column={{ xs: 1, md: 2, xl: 3 }} items={items} />
}

function partyText({ code, name }: SiteAnswer['operator']): string {
  if (code === null) return NOT_KNOWN
  return name === null || name === '' ? code : `${name} · ${code}`
}

interface NodesPage {
  readonly nodes: readonly NodeAnswer[]
  readonly next_cursor: string | null
}

export function SiteNodes({ place, site }: { readonly place: Place; readonly site: string }) {
  const { t } = useTranslation('utilization')
  const search = useSearch()
  const pages = usePages<NodesPage>('/v1/nodes', { site })
  const parts = partsOf(place)
  return (
    <Section title={t('site.nodes')} exported={{ table: 'nodes', query: { site } }}>
      <Paged<NodesPage, NodeAnswer> of={pages} rowsOf={({ nodes }) => nodes}>
        {(rows) => (
          <Rows<NodeAnswer>
            label={t('site.nodes')}
            rows={rows}
            rowKey={({ node_id }) => node_id}
            columns={[
              {
                key: 'name',
                title: t('node.name'),
                render: (_, node) => (
                  <Link href={hrefOf([...parts, node.node_id], search)}>{node.name}</Link>
                ),
              },
              {
                key: 'status',
                title: t('node.status'),
                render: (_, node) => <NodeStatus node={node} />,
              },
              {
                key: 'units',
                align: 'right',
                title: t('node.units'),
                render: (_, { units }) => countText(units),
              },
              {
                key: 'told_to',
                title: t('node.told_to'),
                render: (_, { told_to }) => instantText(told_to),
              },
              {
                key: 'agent',
                title: t('node.agent'),
                render: (_, { session }) => session?.agent_version ?? NOT_KNOWN,
              },
              {
                key: 'code',
                title: t('site.code'),
                render: (_, node) => (
                  <Typography.Text type="secondary">{node.resource_code}</Typography.Text>
                ),
              },
            ]}
          />
        )}
      </Paged>
    </Section>
  )
}

export function NodeStatus({ node }: { readonly node: NodeAnswer }) {
  const { t } = useTranslation('utilization')
  if (node.status === 'revoked') return <Tag>{t('node.revoked')}</Tag>
  const isSilent = node.attention.includes('silent')
  return (
    <Tag color={isSilent ? 'gold' : 'green'}>{t(isSilent ? 'node.silent' : 'node.connected')}</Tag>
  )
}
