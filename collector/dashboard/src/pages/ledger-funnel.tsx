/** The funnel as a table whose middle column is drawn: every bar has its figures in its row. */
import { Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { amountText, countText, shareText } from '../format.ts'
import { Term } from '../parts/figure.tsx'
import { STATES, type StateName } from '../states.ts'
import { type Shade, STATE_COLORS, useShade } from '../theme.ts'
import {
  type FunnelStage,
  type FunnelStep,
  funnelSteps,
  type LedgerBasis,
  type LedgerRow,
} from './ledger-figures.ts'

const INDENT_PX = 14
const NUMBER = { textAlign: 'end', whiteSpace: 'nowrap', padding: '3px 0 3px 10px' } as const

/** Stages that are no state of time have colours of their own. */
const STAGE_COLORS: Readonly<Record<Shade, Readonly<Record<string, string>>>> = {
  light: { declared: '#8d99a1', connected: '#35505f', deposited: '#0f5c41', untold: '#a9b3b9' },
  dark: { declared: '#6f7b83', connected: '#a9c0cd', deposited: '#8be0bf', untold: '#59646c' },
}

export function Funnel({ row, basis }: { readonly row: LedgerRow; readonly basis: LedgerBasis }) {
  const { t } = useTranslation('ledger')
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section className="table-scroll" aria-label={t('funnel.title')} tabIndex={0}>
        <table className="tabular" style={{ width: '100%', borderCollapse: 'collapse' }}>
          <thead>
            <tr>
              <th scope="col" style={{ textAlign: 'start', fontWeight: 400 }}>
                {t('funnel.stage')}
              </th>
              <th scope="col" style={{ width: '45%' }}>
                <span className="visually-hidden">{t('funnel.bar')}</span>
              </th>
              <th scope="col" style={{ ...NUMBER, fontWeight: 400 }}>
                {t('common:unit.cards')}
              </th>
              <th scope="col" style={{ ...NUMBER, fontWeight: 400 }}>
                {t('common:unit.p')}
              </th>
              <th scope="col" style={{ ...NUMBER, fontWeight: 400 }}>
                {t('funnel.share')}
              </th>
            </tr>
          </thead>
          <tbody>
            {funnelSteps(row, basis).map((step) => (
              <Step key={step.stage} step={step} />
            ))}
          </tbody>
        </table>
      </section>
      <Typography.Text type="secondary">{t('funnel.note')}</Typography.Text>
    </>
  )
}

function Step({ step }: { readonly step: FunnelStep }) {
  const { t } = useTranslation()
  const [shade] = useShade()
  const { stage, depth } = step
  const name = isState(stage) ? t(`state.${stage}`) : t(`stage.${stage}`)
  const color = isState(stage) ? STATE_COLORS[shade][stage] : STAGE_COLORS[shade][stage]
  return (
    <tr>
      <th
        scope="row"
        style={{
          fontWeight: depth === 0 ? 600 : 400,
          textAlign: 'start',
          whiteSpace: 'nowrap',
          padding: `3px 8px 3px ${depth * INDENT_PX}px`,
        }}
      >
        <Term id={stage}>{name}</Term>
      </th>
      <td aria-hidden="true" style={{ minWidth: 80 }}>
        <div
          style={{
            height: depth === 2 ? 6 : 14,
            borderRadius: 2,
            marginInlineStart: `${step.start * 100}%`,
            width: `${step.width * 100}%`,
            minWidth: step.cards > 0 ? 2 : 0,
            background: color,
            printColorAdjust: 'exact',
          }}
        />
      </td>
      <td style={NUMBER}>{countText(step.cards)}</td>
      <td style={NUMBER}>{amountText(step.p)}</td>
      <td style={NUMBER}>{stage === 'declared' ? '' : shareText(step.share)}</td>
    </tr>
  )
}

function isState(stage: FunnelStage): stage is StateName & FunnelStage {
  return STATES.some((state) => state === stage)
}
