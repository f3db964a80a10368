/**
 * Where a site is: province, national hub and data-centre cluster by its GB/T 2260 code, and the
 * tile a province has on the map. From `data/provinces.csv` and `data/hubs.csv`.
 *
 * A hub is a matter of the province. A cluster is narrower: the counties of its starting area, and
 * the rest of its city where it has one city. The Yangtze Delta demonstration zone spans cities of
 * three provinces, so there only the county counts (Pudong is not in it).
 */
import {
  AppError,
  cityCodeOf,
  type DivisionCode,
  divisionLevel,
  provinceCodeOf,
} from '@yiben/shared'
import { decimalOf, divisionOf, integerOf } from './cells.ts'
import { type CsvRow, parseCsv } from './csv.ts'

export interface Hub {
  /** `京津冀`: as provinces name it, and the key in rollups. */
  readonly shortZh: string
  readonly nameZh: string
  readonly nameEn: string
}

export interface Province {
  readonly code: DivisionCode
  readonly nameZh: string
  readonly abbreviationZh: string
  readonly shortZh: string
  readonly nameEn: string
  /** Place on the 8 x 7 tile map: row 0 is north, column 0 is west. */
  readonly tile: { readonly row: number; readonly column: number }
  readonly hub: Hub | null
}

export interface Cluster {
  readonly hub: Hub
  readonly nameZh: string
  readonly nameEn: string
  readonly cityCodes: readonly DivisionCode[]
  /** Counties of the starting area; some of them lie in a neighbouring city. */
  readonly startAreaCodes: readonly DivisionCode[]
  readonly longitudeDegrees: number
  readonly latitudeDegrees: number
  readonly note: string | null
  readonly source: string
}

export interface Regions {
  readonly provinces: readonly Province[]
  readonly hubs: readonly Hub[]
  readonly clusters: readonly Cluster[]
}

export interface Place {
  readonly province: Province
  readonly hub: Hub | null
  readonly cluster: Cluster | null
  /** Which part of the cluster; `null` outside any. */
  readonly clusterPart: 'start_area' | 'city' | null
}

/** Where `code` lies; `null` when its province is not one of the 34 divisions. */
export function placeOf(regions: Regions, code: DivisionCode): Place | null {
  const province = regions.provinces.find((one) => one.code === provinceCodeOf(code))
  if (province === undefined) return null
  const hub = province.hub
  const startArea = regions.clusters.find((one) => one.startAreaCodes.includes(code))
  if (startArea !== undefined) {
    return { province, hub, cluster: startArea, clusterPart: 'start_area' }
  }
  const city = divisionLevel(code) === 'province' ? undefined : clusterOfCity(regions, code)
  return { province, hub, cluster: city ?? null, clusterPart: city === undefined ? null : 'city' }
}

function clusterOfCity(regions: Regions, code: DivisionCode): Cluster | undefined {
  const city = cityCodeOf(code)
  return regions.clusters.find((one) => one.cityCodes.length === 1 && one.cityCodes[0] === city)
}

const PROVINCE_COLUMNS = [
  'code',
  'code2',
  'name_zh',
  'abbr_zh',
  'short_zh',
  'name_en',
  'row',
  'col',
  'hub_zh',
] as const

const CLUSTER_COLUMNS = [
  'hub_zh',
  'hub_en',
  'cluster_zh',
  'cluster_en',
  'province_code2',
  'province_zh',
  'city_code',
  'city_zh',
  'start_area_zh',
  'start_area_codes',
  'lon',
  'lat',
  'note',
  'source',
] as const

type ProvinceRow = CsvRow<(typeof PROVINCE_COLUMNS)[number]>
type ClusterRow = CsvRow<(typeof CLUSTER_COLUMNS)[number]>

export function parseRegions(provincesText: string, hubsText: string): Regions {
  const clusterRows = parseCsv(hubsText, CLUSTER_COLUMNS, 'hubs.csv')
  const hubs = new Map<string, Hub>()
  for (const row of clusterRows) {
    const hub = { shortZh: shortHub(row.hub_zh), nameZh: row.hub_zh, nameEn: row.hub_en }
    if (!hubs.has(hub.shortZh)) hubs.set(hub.shortZh, Object.freeze(hub))
  }
  const provinceRows = parseCsv(provincesText, PROVINCE_COLUMNS, 'provinces.csv')
  return Object.freeze({
    provinces: Object.freeze(provinceRows.map((row) => provinceOf(row, hubs))),
    hubs: Object.freeze([...hubs.values()]),
    clusters: Object.freeze(clusterRows.map((row) => clusterOf(row, hubs))),
  })
}

function provinceOf(row: ProvinceRow, hubs: ReadonlyMap<string, Hub>): Province {
  const where = `provinces.csv, ${row.name_zh}`
  const code = divisionOf(row.code, `${where}: code`)
  if (divisionLevel(code) !== 'province' || row.code2 !== code.slice(0, 2)) {
    throw new AppError('config_invalid', `${where}: code must name a province and agree with code2`)
  }
  const tile = {
    row: integerOf(row.row, `${where}: row`),
    column: integerOf(row.col, `${where}: col`),
  }
  return Object.freeze({
    code,
    nameZh: row.name_zh,
    abbreviationZh: row.abbr_zh,
    shortZh: row.short_zh,
    nameEn: row.name_en,
    tile: Object.freeze(tile),
    hub: row.hub_zh === '' ? null : hubOf(row.hub_zh, hubs, where),
  })
}

function clusterOf(row: ClusterRow, hubs: ReadonlyMap<string, Hub>): Cluster {
  const where = `hubs.csv, ${row.cluster_zh}`
  return Object.freeze({
    hub: hubOf(shortHub(row.hub_zh), hubs, where),
    nameZh: row.cluster_zh,
    nameEn: row.cluster_en,
    cityCodes: divisionsOf(row.city_code, `${where}: city_code`),
    startAreaCodes: divisionsOf(row.start_area_codes, `${where}: start_area_codes`),
    longitudeDegrees: decimalOf(row.lon, `${where}: lon`),
    latitudeDegrees: decimalOf(row.lat, `${where}: lat`),
    note: row.note === '' ? null : row.note,
    source: row.source,
  })
}

function divisionsOf(cell: string, where: string): readonly DivisionCode[] {
  return Object.freeze(cell.split('|').map((part) => divisionOf(part, where)))
}

function hubOf(shortZh: string, hubs: ReadonlyMap<string, Hub>, where: string): Hub {
  const hub = hubs.get(shortZh)
  if (hub === undefined) {
    throw new AppError('config_invalid', `${where}: hub_zh ${shortZh} is not in hubs.csv`)
  }
  return hub
}

function shortHub(nameZh: string): string {
  return nameZh.replace(/枢纽$/, '')
}
