/**
 * One chart of ECharts, drawn as SVG so that it prints sharp, with the kinds of chart the dashboard
 * uses and no others. `summary` is what a screen reader hears; the same figures stand in a table
 * beside every chart.
 */
import { BarChart, CustomChart, HeatmapChart, LineChart, PieChart } from 'echarts/charts'
import {
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components'
import { type EChartsType, init, use as registerParts } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { EChartsOption } from 'echarts/types/dist/shared'
import { useEffect, useRef } from 'react'
import { PAPER_EVENT, useShade } from '../theme.ts'

registerParts([
  AriaComponent,
  BarChart,
  CustomChart,
  DataZoomComponent,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  PieChart,
  SVGRenderer,
  TooltipComponent,
  VisualMapComponent,
])

/** Pixels of a chart across a page of A4, with margins and paddings. */
const PAPER_WIDTH = 640

export interface ChartProps {
  readonly option: EChartsOption
  readonly summary: string
  readonly height?: number
  readonly onClick?: (name: string) => void
}

export function Chart({ option, summary, height = 280, onClick }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<EChartsType | null>(null)
  const [shade] = useShade()

  useEffect(() => {
    if (box.current === null) return
    const made = init(box.current, shade === 'dark' ? 'dark' : undefined, { renderer: 'svg' })
    chart.current = made
    const watcher = new ResizeObserver(() => made.resize())
    watcher.observe(box.current)
    const onPaper = () => {
      made.resize({ width: Math.min(made.getWidth(), PAPER_WIDTH) })
      // Drawn now: the next frame would be too late.
      made.getZr().flush()
    }
    const onScreen = () => made.resize({ width: 'auto' })
    window.addEventListener(PAPER_EVENT, onPaper)
    window.addEventListener('afterprint', onScreen)
    return () => {
      window.removeEventListener(PAPER_EVENT, onPaper)
      window.removeEventListener('afterprint', onScreen)
      watcher.disconnect()
      made.dispose()
      chart.current = null
    }
  }, [shade])

  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart made anew needs its option again
  useEffect(() => {
    const calm = { backgroundColor: 'transparent', animation: false, ...option }
    chart.current?.setOption(calm, { notMerge: true })
  }, [option, shade])

  useEffect(() => {
    const made = chart.current
    if (made === null || onClick === undefined) return
    const listener = (event: { readonly name?: string }) => {
      if (event.name !== undefined) onClick(event.name)
    }
    made.on('click', listener)
    return () => {
      made.off('click', listener)
    }
  }, [onClick])

  return <div ref={box} role="img" aria-label={summary} style={{ height, width: '100%' }} />
}
