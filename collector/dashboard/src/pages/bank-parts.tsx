/** Small pieces that the tabs of the bank's page share. */

import { Flex, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { DrawSummary } from '../../../src/api/answers/draw-schema.ts'
import { amountText } from '../format.ts'
import { Swatch } from '../parts/swatch.tsx'

/** What a stable code says; a code that is new here stays as it is. */
export function useCode(group: string): (code: string | null) => string {
  const { t } = useTranslation('bank')
  return (code) => (code === null ? '' : t(`${group}.${code}`, { defaultValue: code }))
}

const STATE_COLORS: Readonly<Record<DrawSummary['state'], string>> = {
  asking: 'gold',
  posting: 'gold',
  held: 'gold',
  booked: 'blue',
  posted: 'cyan',
  ended: 'default',
  voided: 'default',
  lapsed: 'default',
  broken: 'red',
  refused: 'red',
}

export function DrawState({ state }: { readonly state: DrawSummary['state'] }) {
  const code = useCode('draw_state')
  return <Tag color={STATE_COLORS[state]}>{code(state)}</Tag>
}

/** Nodes are named only to those to whom the interface names them. */
export function NodeLink({ id }: { readonly id: string }) {
  return <Link href={`/nodes/${encodeURIComponent(id)}`}>{id}</Link>
}

/** Thousandths of a card-hour; nothing is shown faintly. */
export function StepsText({ steps }: { readonly steps: bigint }) {
  const text = amountText(Number(steps) / 1_000, 3)
  return steps === 0n ? <Typography.Text type="secondary">0</Typography.Text> : text
}

export function Legend({
  items,
}: {
  readonly items: readonly { readonly name: string; readonly color: string }[]
}) {
  return (
    <Flex wrap gap="4px 16px">
      {items.map(({ color, name }) => (
        <Flex key={name} align="center" gap={6}>
          <Swatch color={color} />
          {name}
        </Flex>
      ))}
    </Flex>
  )
}
