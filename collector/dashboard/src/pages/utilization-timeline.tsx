/** One card's time drawn day by day: its states, and above them its deposits and leases. */
import type { CustomSeriesRenderItemAPI } from 'echarts'
import type { EChartsOption } from 'echarts/types/dist/shared'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { dayText, durationText, instantText } from '../format.ts'
import { Chart } from '../parts/chart.tsx'
import { STATE_COLORS, useShade } from '../theme.ts'
import type { Timeline } from './utilization-card-answers.ts'
import { dayParts, dayPieces, daysOf, leaseSpans } from './utilization-runs.ts'

/** Civil days of the ledger's zone, which has had one offset since 1991. */
const OFFSET_MS = 8 * 3_600_000
const DAY_HOURS = 24
const HOUR_MS = 3_600_000
const ROW_HEIGHT_PX = 54

/** A rectangle: day, hours from its midnight, and how it is drawn and told. */
interface Box {
  readonly value: readonly [day: number, fromHour: number, toHour: number]
  readonly color: string
  readonly text: string
  readonly lane: Lane
}

/** Parts of a day's row, from above. */
const LANES = {
  deposit: { top: 0, height: 0.1 },
  lease: { top: 0.13, height: 0.1 },
  state: { top: 0.27, height: 0.6 },
} as const
type Lane = keyof typeof LANES

export function TimelineChart({ timeline }: { readonly timeline: Timeline }) {
  const { t } = useTranslation('utilization')
  const [shade] = useShade()
  const days = useMemo(() => {
    const span = { fromMs: Date.parse(timeline.from), toMs: Date.parse(timeline.to) }
    return daysOf(span, OFFSET_MS)
  }, [timeline])
  const option = useMemo((): EChartsOption => {
    const boxes = boxesOf(timeline, days, { t, colors: STATE_COLORS[shade] })
    return {
      grid: { left: 8, right: 12, top: 4, bottom: 4, outerBoundsMode: 'same' },
      tooltip: { formatter: (item) => boxes[dataIndexOf(item)]?.text ?? '' },
      xAxis: {
        type: 'value',
        min: 0,
        max: DAY_HOURS,
        interval: 3,
        axisLabel: { hideOverlap: true },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: days.map((dayMs) => dayText(new Date(dayMs).toISOString())),
        axisTick: { show: false },
      },
      series: [
        {
          type: 'custom',
          encode: { x: [1, 2], y: 0 },
          data: boxes.map(({ value }) => [...value]),
          renderItem: (params, api) => rectangle(boxes[params.dataIndex], api),
        },
      ],
    }
  }, [timeline, days, shade, t])
  const summary = t('timeline.summary', {
    from: instantText(timeline.from),
    to: instantText(timeline.to),
    count: timeline.placements.reduce((sum, { segments }) => sum + segments.length, 0),
  })
  return <Chart option={option} summary={summary} height={days.length * ROW_HEIGHT_PX + 40} />
}

interface Words {
  readonly t: (key: string) => string
  readonly colors: (typeof STATE_COLORS)['light']
}

function boxesOf(
  timeline: Timeline,
  days: readonly number[],
  { t, colors }: Words,
): readonly Box[] {
  const box = (
    lane: Lane,
    name: string,
    color: string,
    { day, fromMs, toMs }: { readonly day: number; readonly fromMs: number; readonly toMs: number },
  ): Box => {
    const dayMs = days[day] ?? fromMs
    const [from, to] = [fromMs, toMs].map((ms) => instantText(new Date(ms).toISOString()))
    return {
      lane,
      color,
      value: [day, (fromMs - dayMs) / HOUR_MS, (toMs - dayMs) / HOUR_MS],
      text: `${name}<br>${from} – ${to}<br>${durationText(toMs - fromMs)}`,
    }
  }
  const endMs = Date.parse(timeline.to)
  return timeline.placements.flatMap(({ segments, deposits }) => [
    ...dayPieces(segments, days).map((piece) =>
      box('state', t(`common:state.${piece.state}`), colors[piece.state], piece),
    ),
    ...leaseSpans(segments)
      .flatMap((span) => dayParts(span, days))
      .map((part) => box('lease', t('timeline.leases'), colors.lent, part)),
    ...deposits
      .flatMap(({ opened_at, closed_at }) => {
        const toMs = closed_at === null ? endMs : Date.parse(closed_at)
        return dayParts({ fromMs: Date.parse(opened_at), toMs }, days)
      })
      .map((part) => box('deposit', t('timeline.deposits'), colors.free, part)),
  ])
}

function rectangle(box: Box | undefined, api: CustomSeriesRenderItemAPI) {
  if (box === undefined) return null
  const [day, from, to] = box.value
  const [left = 0, middle = 0] = api.coord([from, day])
  const [right = 0] = api.coord([to, day])
  const size = api.size?.([0, 1])
  const height = Array.isArray(size) ? (size[1] ?? 0) : 0
  const lane = LANES[box.lane]
  return {
    type: 'rect' as const,
    shape: {
      x: left,
      y: middle - height / 2 + height * lane.top,
      width: Math.max(0.5, right - left),
      height: height * lane.height,
    },
    style: { fill: box.color },
  }
}

function dataIndexOf(item: unknown): number {
  const isOne = typeof item === 'object' && item !== null && 'dataIndex' in item
  return isOne ? Number(item.dataIndex) : -1
}
