/** Small pieces that the nodes' page shares: what a node needs, how far its clock is off. */
import { Flex, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { NodeAnswer } from '../../../src/api/answers/nodes.ts'
import { amountText, countText, instantText, NOT_KNOWN } from '../format.ts'

/** What a stable code says; a code that is new here stays as it is. */
export function useNodeCode(group: string): (code: string | null) => string {
  const { t } = useTranslation('nodes')
  return (code) => (code === null ? '' : t(`${group}_code.${code}`, { defaultValue: code }))
}

const COLORS: Readonly<Record<NodeAnswer['attention'][number], string>> = {
  silent: 'red',
  suspended: 'gold',
  clock_not_depositable: 'red',
  clock_flagged: 'gold',
  probe_problem: 'orange',
  cards_unread: 'orange',
}

export function Attention({ node }: { readonly node: Pick<NodeAnswer, 'attention' | 'status'> }) {
  const code = useNodeCode('attention')
  if (node.status === 'revoked') return <Tag>{code('revoked')}</Tag>
  if (node.attention.length === 0) return <Tag color="green">{code('ok')}</Tag>
  return (
    <Flex gap={4} wrap>
      {node.attention.map((one) => (
        <Tag key={one} color={COLORS[one]}>
          {code(one)}
        </Tag>
      ))}
    </Flex>
  )
}

export function NodeName({ node }: { readonly node: Pick<NodeAnswer, 'name' | 'node_id'> }) {
  return <Link href={`/nodes/${encodeURIComponent(node.node_id)}`}>{node.name}</Link>
}

export function LastHeard({ node: { session } }: { readonly node: Pick<NodeAnswer, 'session'> }) {
  const { t } = useTranslation('nodes')
  if (session === null) return <Typography.Text type="danger">{t('list.never')}</Typography.Text>
  return instantText(session.last_heard_at)
}

/** Of all probes; what was found may be more, where a card is cut. */
export function Found({ found }: { readonly found: NodeAnswer['found'] }) {
  if (found === null) return NOT_KNOWN
  const text = `${countText(found.units_found)} / ${countText(found.cards_present)}`
  if (found.units_found >= found.cards_present) return text
  return <Typography.Text type="danger">{text}</Typography.Text>
}

/** `+1.24 s`: the collector's time minus the node's. */
export function offsetText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NOT_KNOWN
  const sign = ms > 0 ? '+' : ms < 0 ? '−' : ''
  const size = Math.abs(ms)
  return size < 1_000
    ? `${sign}${amountText(size, 0)} ms`
    : `${sign}${amountText(size / 1_000, 2)} s`
}

export function Problems({ codes }: { readonly codes: readonly string[] }) {
  const code = useNodeCode('problem')
  return codes.map((one) => (
    <Tag key={one} color="orange" title={one}>
      {code(one)}
    </Tag>
  ))
}
