/** The seven states as one narrow bar, for rows of tables; the figures stand beside it as text. */

import { Flex } from 'antd'
import { useTranslation } from 'react-i18next'
import { shareText } from '../format.ts'
import { STATES, type StateName } from '../states.ts'
import { STATE_COLORS, useShade } from '../theme.ts'
import { Term } from './figure.tsx'
import { Swatch } from './swatch.tsx'

export type StateShares = Readonly<Partial<Record<StateName, number | null>>>

export function StateBar({ shares }: { readonly shares: StateShares }) {
  const { t } = useTranslation()
  const [shade] = useShade()
  const parts = STATES.map((state) => ({ state, share: shares[state] ?? null }))
  const told = parts.flatMap(({ state, share }) =>
    share === null || share === 0 ? [] : [`${t(`state.${state}`)} ${shareText(share)}`],
  )
  return (
    <div
      role="img"
      aria-label={told.length === 0 ? t('none') : told.join(' · ')}
      title={told.join('\n')}
      style={{ display: 'flex', width: 120, height: 10, borderRadius: 3, overflow: 'hidden' }}
    >
      {parts.map(({ state, share }) =>
        share === null || share === 0 ? null : (
          <span
            key={state}
            style={{
              width: `${share * 100}%`,
              background: STATE_COLORS[shade][state],
              printColorAdjust: 'exact',
            }}
          />
        ),
      )}
    </div>
  )
}

/** Which colour is which state; each name leads to its definition. */
export function StateLegend() {
  const { t } = useTranslation()
  return (
    <Flex wrap gap="4px 16px" style={{ marginBottom: 8 }}>
      {STATES.map((state) => (
        <Flex key={state} align="center" gap={6}>
          <StateSwatch state={state} />
          <Term id={state}>{t(`state.${state}`)}</Term>
        </Flex>
      ))}
    </Flex>
  )
}

export function StateSwatch({ state }: { readonly state: StateName }) {
  const [shade] = useShade()
  return <Swatch color={STATE_COLORS[shade][state]} />
}
