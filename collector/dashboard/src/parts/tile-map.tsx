/**
 * A map of equal tiles, one per place, in steps of one colour. Every tile has its name and value as
 * text and is a link where there is something behind it, so that no figure hangs on its colour.
 */
import { Flex, Typography } from 'antd'
import { Link } from 'wouter'
import { type Shade, useShade } from '../theme.ts'

/** Steps of colour with the text that stands on them: 4.5:1 and more. */
export const STEP_COLORS: Readonly<
  Record<Shade, readonly { readonly fill: string; readonly text: string }[]>
> = {
  light: [
    { fill: '#e4eff6', text: '#12303f' },
    { fill: '#b9d7e8', text: '#12303f' },
    { fill: '#82b6d3', text: '#0b2230' },
    { fill: '#27709a', text: '#ffffff' },
    { fill: '#0b4f7a', text: '#ffffff' },
  ],
  dark: [
    { fill: '#172a36', text: '#d5e4ee' },
    { fill: '#1d4259', text: '#e3eef5' },
    { fill: '#23607f', text: '#ffffff' },
    { fill: '#4f9fc9', text: '#07161f' },
    { fill: '#9fd3ee', text: '#07161f' },
  ],
}

export interface Tile {
  readonly key: string
  readonly row: number
  readonly column: number
  readonly name: string
  /** As read: a figure, or that there is none. */
  readonly value: string
  /** What a screen reader and the pointer are told: the full name and the figure. */
  readonly label: string
  readonly step: number | null
  readonly isMarked: boolean
  readonly href: string | null
}

export interface TileMapProps {
  readonly label: string
  readonly tiles: readonly Tile[]
  /** Narrowest a tile may become before the map scrolls within itself. */
  readonly tileWidthMin: number
}

export function TileMap({ label, tiles, tileWidthMin }: TileMapProps) {
  const columns = Math.max(0, ...tiles.map(({ column }) => column)) + 1
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className="table-scroll" aria-label={label} tabIndex={0}>
      <ul
        style={{
          display: 'grid',
          gridTemplateColumns: `repeat(${columns}, minmax(${tileWidthMin}px, 1fr))`,
          gridAutoRows: 56,
          gap: 4,
          margin: 0,
          padding: 2,
          listStyle: 'none',
        }}
      >
        {tiles.map((tile) => (
          <li key={tile.key} style={{ gridRow: tile.row + 1, gridColumn: tile.column + 1 }}>
            <TileBox tile={tile} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function TileBox({ tile }: { readonly tile: Tile }) {
  const [shade] = useShade()
  const color = tile.step === null ? null : (STEP_COLORS[shade][tile.step] ?? null)
  const quiet = shade === 'dark' ? '#9aa5ad' : '#59636b'
  const edge = shade === 'dark' ? '#3a454d' : '#c3ccd2'
  const style = {
    display: 'flex',
    flexDirection: 'column',
    justifyContent: 'center',
    alignItems: 'center',
    height: '100%',
    boxSizing: 'border-box',
    borderRadius: 4,
    lineHeight: 1.25,
    textAlign: 'center',
    overflow: 'hidden',
    padding: '0 2px',
    printColorAdjust: 'exact',
    color: color?.text ?? quiet,
    background: color?.fill ?? 'transparent',
    border: color === null ? `1px dashed ${edge}` : `1px solid ${color.fill}`,
  } as const
  const content = (
    <>
      <span style={{ fontSize: 12, lineHeight: 1.1, overflowWrap: 'anywhere' }}>
        {tile.name}
        {tile.isMarked ? <span style={{ fontSize: 9, verticalAlign: 'top' }}>◆</span> : null}
      </span>
      <span className="tabular" style={{ fontSize: 13, fontWeight: 600 }}>
        {tile.value}
      </span>
      <span className="visually-hidden">{` · ${tile.label}`}</span>
    </>
  )
  if (tile.href === null) {
    return (
      <div style={style} title={tile.label}>
        {content}
      </div>
    )
  }
  return (
    <Link href={tile.href} style={style} title={tile.label}>
      {content}
    </Link>
  )
}

export interface StepLegendProps {
  /** From each lower edge on, lightest first. */
  readonly edges: readonly string[]
  readonly none: string
  /** What the mark means; left out where nothing is marked. */
  readonly marked?: string
}

export function StepLegend({ edges, none, marked }: StepLegendProps) {
  const [shade] = useShade()
  return (
    <Flex wrap gap="4px 12px" align="center" className="tabular" style={{ marginTop: 8 }}>
      {edges.map((edge, step) => (
        <Flex key={edge} align="center" gap={4}>
          <Swatch fill={STEP_COLORS[shade][step]?.fill ?? 'transparent'} />
          <Typography.Text type="secondary">{`≥ ${edge}`}</Typography.Text>
        </Flex>
      ))}
      <Flex align="center" gap={4}>
        <Swatch fill="transparent" />
        <Typography.Text type="secondary">{none}</Typography.Text>
      </Flex>
      {marked === undefined ? null : (
        <Typography.Text type="secondary">{`◆ ${marked}`}</Typography.Text>
      )}
    </Flex>
  )
}

function Swatch({ fill }: { readonly fill: string }) {
  return (
    <span
      aria-hidden="true"
      style={{
        width: 14,
        height: 14,
        borderRadius: 3,
        background: fill,
        border: '1px solid #8f9aa3',
        printColorAdjust: 'exact',
      }}
    />
  )
}
