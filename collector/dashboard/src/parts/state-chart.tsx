/** States over time, stacked to a whole or to an amount; one colour per state as everywhere. */
import type { EChartsOption } from 'echarts/types/dist/shared'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { shareText } from '../format.ts'
import { STATES, type StateName } from '../states.ts'
import { STATE_COLORS, useShade } from '../theme.ts'
import { Chart } from './chart.tsx'
import { StateLegend } from './state-bar.tsx'

export interface StatePoint {
  /** As the axis says it. */
  readonly label: string
  /** `null`: nothing is known of this span. */
  readonly values: Readonly<Record<StateName, number>> | null
}

export interface StateChartProps {
  readonly points: readonly StatePoint[]
  readonly summary: string
  /** Shares of 1, or amounts with their unit. */
  readonly unit: 'share' | string
  readonly height?: number
}

export function StateChart({ points, summary, unit, height = 300 }: StateChartProps) {
  const { t } = useTranslation()
  const [shade] = useShade()
  const option = useMemo((): EChartsOption => {
    const amount = (value: unknown) =>
      unit === 'share' ? shareText(Number(value)) : `${Number(value).toLocaleString()} ${unit}`
    const isShare = unit === 'share'
    return {
      grid: {
        left: 8,
        right: 12,
        top: unit === 'share' ? 12 : 32,
        bottom: 8,
        outerBoundsMode: 'same',
      },
      tooltip: {
        trigger: 'axis',
        axisPointer: { type: 'shadow' },
        order: 'seriesDesc',
        valueFormatter: amount,
      },
      xAxis: { type: 'category', data: points.map(({ label }) => label) },
      yAxis: {
        type: 'value',
        ...(isShare ? { max: 1 } : { name: unit }),
        axisLabel: { formatter: (value: number) => (isShare ? shareText(value, 0) : `${value}`) },
      },
      series: STATES.map((state) => ({
        type: 'bar' as const,
        name: t(`state.${state}`),
        stack: 'time',
        barCategoryGap: points.length > 60 ? '0%' : '20%',
        itemStyle: { color: STATE_COLORS[shade][state] },
        data: points.map(({ values }) => values?.[state] ?? null),
      })),
    }
  }, [points, unit, shade, t])
  return (
    <>
      <StateLegend />
      <Chart option={option} summary={summary} height={height} />
    </>
  )
}
