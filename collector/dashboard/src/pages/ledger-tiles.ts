/** Provinces as tiles in steps of one colour. Pure. */
import type { RegionsAnswer } from '../../../src/api/answers/reference.ts'
import {
  isShareFigure,
  type LedgerBasis,
  type LedgerRow,
  type MapFigure,
  mapValue,
} from './ledger-figures.ts'

/** Steps of colour, lightest first. */
export const TILE_STEPS = 5

type Province = RegionsAnswer['provinces'][number]

export interface ProvinceTile {
  readonly province: Province
  /** `null`: the ledger has nothing there. */
  readonly row: LedgerRow | null
  readonly value: number | null
  /** 0 to `TILE_STEPS` − 1; `null` without a value. */
  readonly step: number | null
}

export interface TileScale {
  /** Lower edges of the steps; the last step ends at `max`. */
  readonly edges: readonly number[]
  readonly max: number
}

/** Every province once, by place in the grid; rows without a province are answered apart. */
export function provinceTiles(
  provinces: readonly Province[],
  rows: readonly LedgerRow[],
  figure: MapFigure,
  basis: LedgerBasis,
): {
  readonly tiles: readonly ProvinceTile[]
  readonly scale: TileScale
  readonly elsewhere: readonly LedgerRow[]
} {
  const byCode = new Map(rows.map((row) => [row.key, row]))
  const figureOf = (row: LedgerRow | null) => (row === null ? null : mapValue(row, figure, basis))
  const scale = scaleOf(rows.map(figureOf), isShareFigure(figure))
  const tiles = provinces.map((province) => {
    const row = byCode.get(province.code) ?? null
    const value = figureOf(row)
    return { province, row, value, step: value === null ? null : stepOf(value, scale) }
  })
  const known = new Set(provinces.map(({ code }) => code))
  const elsewhere = rows.filter(({ key }) => key === null || !known.has(key))
  return { tiles, scale, elsewhere }
}

/** Shares in fifths of the whole; amounts in fifths of a round number not below the largest. */
export function scaleOf(values: readonly (number | null)[], isShare: boolean): TileScale {
  const largest = Math.max(0, ...values.filter((value) => value !== null))
  const max = isShare ? 1 : roundUp(largest)
  const edges = Array.from({ length: TILE_STEPS }, (_, step) => (max * step) / TILE_STEPS)
  return { edges, max }
}

/** A share above the whole (an access rate can be) stands in the last step. */
export function stepOf(value: number, { max }: TileScale): number {
  if (max <= 0) return 0
  return Math.min(TILE_STEPS - 1, Math.max(0, Math.floor((value / max) * TILE_STEPS)))
}

/** 1, 2, 2.5 or 5 times a power of ten, so that the edges of five steps are read easily. */
function roundUp(value: number): number {
  if (value <= 0) return 0
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power >= value) ?? 10
  return factor * power
}
