/**
 * Rows of facts out of the ledger: what there was at an instant, as known at another, so that a run
 * can be made again. A card that has told nothing makes its row's states unknown, not 0.
 */
import {
  AppError,
  cityCodeOf,
  divisionCodeOf,
  divisionLevel,
  provinceCodeOf,
  resourceCode,
} from '@yiben/shared'
import type { CardCount, CardCounts } from '../model/card-count.ts'
import type { DeviceProfile, UnitRow } from '../model/inventory.ts'
import type { CodeUse } from '../model/issued-code.ts'
import type { Site } from '../model/site.ts'
import { CONNECTED_WITHIN_MS, LAPSED_AFTER_MS } from '../rollup/definitions.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { cardRows, siteRows } from './counted.ts'
import type { Facts, Row, RowKind } from './facts.ts'

export type GatherStore = Pick<
  Store,
  'readLedgerAt' | 'readSitesAt' | 'readSiteNumbers' | 'readIssuedCodes' | 'listUnits'
>

/** What the catalogue makes of a card and a place; handed in. */
export interface NodeLookup {
  readonly modelOf: (profile: DeviceProfile) => string | null
  /** Nano-TFLOPS; `null`: unrated. */
  readonly rateOf: (profile: DeviceProfile, sharePpm: number) => bigint | null
  readonly hubOf: (regionCode: string) => string | null
  readonly clusterOf: (regionCode: string) => string | null
}

export interface GatherParts {
  readonly store: GatherStore
  readonly lookup: NodeLookup
  readonly settledLagMs: number
}

export interface GatherAsk {
  readonly use: CodeUse
  readonly rows: RowKind
  readonly asOfMs: number
  readonly knownAtMs: number
  /** `null`: nobody asks for issued codes. */
  readonly issuedScheme: string | null
}

const UNITS_PAGE = 1_000
/** A file of more is refused: it would not fit into memory whole. */
const ROWS_MAX = 500_000

/** In the order of their identity. Throws `export_too_large`, `as_of_pruned`. */
export async function gather(parts: GatherParts, ask: GatherAsk): Promise<readonly Row[]> {
  const { store } = parts
  const instant = { atMs: ask.asOfMs, knownAtMs: ask.knownAtMs }
  const sites = await store.readSitesAt(SCOPE_ALL, instant)
  const places = await placesOf(parts, ask, sites)
  if (ask.rows === 'accelerators') return sorted(await acceleratorRows(parts, ask, places))
  const counts = await store.readLedgerAt(SCOPE_ALL, {
    asOfMs: ask.asOfMs,
    knownAtMs: ask.knownAtMs,
    connectedWithinMs: CONNECTED_WITHIN_MS,
    lapsedAfterMs: LAPSED_AFTER_MS,
    settledLagMs: parts.settledLagMs,
  })
  return sorted(countedRows(parts.lookup, ask.rows, counts, places))
}

function countedRows(
  lookup: NodeLookup,
  rows: Exclude<RowKind, 'accelerators'>,
  { counts, nodes }: CardCounts,
  places: Places,
): readonly Row[] {
  const placeOf = (siteCode: string) => places.get(siteCode) ?? { site_code: siteCode }
  if (rows === 'sites') {
    const codes = new Set([...places.keys(), ...counts.map(({ siteCode }) => siteCode)])
    const cardsOf = Map.groupBy(counts, ({ siteCode }) => siteCode)
    const nodesOf = Map.groupBy(nodes, ({ siteCode }) => siteCode)
    return [...codes].map((code) => ({
      identity: code,
      facts: {
        ...placeOf(code),
        ...siteRows(lookup, cardsOf.get(code) ?? [], nodesOf.get(code) ?? []),
      },
    }))
  }
  const kinds = Map.groupBy(counts, (count) => kindOf(lookup, count))
  return [...kinds].map(([identity, alike]) => ({
    identity,
    facts: { ...placeOf(alike[0]?.siteCode ?? ''), ...cardRows(lookup, alike) },
  }))
}

/** A model at a site; what the catalogue does not have goes by its printed name. */
function kindOf(lookup: NodeLookup, { profile, siteCode }: CardCount): string {
  const model = lookup.modelOf(profile)
  const name = model === null ? profile.name : null
  return JSON.stringify([siteCode, profile.vendor, model, name, profile.memoryTotalMib])
}

type Places = ReadonlyMap<string, Facts>

async function placesOf(
  { lookup, store }: GatherParts,
  ask: GatherAsk,
  sites: readonly Site[],
): Promise<Places> {
  const numbers = new Map(
    (await store.readSiteNumbers(SCOPE_ALL)).map(({ key, number }) => [key, number]),
  )
  const places = new Map<string, Facts>()
  for (const site of sites) {
    const number = numbers.get(site.code) ?? null
    places.set(site.code, {
      ...placeFacts(lookup, site),
      site_resource_code: number === null ? null : resourceCode('site', number),
      issued_code: number === null ? null : await issuedCode(store, ask, number),
    })
  }
  return places
}

/** That of the run's own use: total and available have codes of their own. */
async function issuedCode(
  store: GatherStore,
  { asOfMs, issuedScheme, knownAtMs, use }: GatherAsk,
  number: number,
): Promise<string | null> {
  if (issuedScheme === null) return null
  const records = await store.readIssuedCodes({ kind: 'site', number })
  const inForce = records.find(
    (code) =>
      code.scheme === issuedScheme &&
      code.use === use &&
      code.validFromMs <= asOfMs &&
      code.recordedAtMs <= knownAtMs,
  )
  return inForce?.value ?? null
}

function placeFacts(lookup: NodeLookup, { code, name, terms }: Site): Facts {
  const division = divisionCodeOf(terms.regionCode)
  const hasCity = division !== null && divisionLevel(division) !== 'province'
  const operatorCode = orNull(terms.operatorCode)
  const ownerCode = orNull(terms.ownerCode)
  return {
    site_code: code,
    site_name: orNull(name),
    region_code: terms.regionCode,
    province_code: division === null ? null : provinceCodeOf(division),
    city_code: hasCity ? cityCodeOf(division) : null,
    hub: lookup.hubOf(terms.regionCode),
    cluster: lookup.clusterOf(terms.regionCode),
    operator_code: operatorCode,
    operator_name: orNull(terms.operatorName),
    owner_code: ownerCode ?? operatorCode,
    owner_name: orNull(ownerCode === null ? terms.operatorName : terms.ownerName),
  }
}

function orNull(text: string | null): string | null {
  return text === '' ? null : text
}

async function acceleratorRows(
  { lookup, store }: GatherParts,
  { asOfMs }: GatherAsk,
  places: Places,
): Promise<readonly Row[]> {
  const rows: Row[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<GatherStore['listUnits']>> = await store.listUnits(SCOPE_ALL, {
      cursor,
      limit: UNITS_PAGE,
    })
    for (const unit of page.rows) {
      if (isThere(unit, asOfMs)) rows.push(acceleratorRow(lookup, unit, places))
    }
    if (rows.length > ROWS_MAX) {
      const sentence = `a file holds at most ${ROWS_MAX} rows: report by sites or site_models`
      throw new AppError('export_too_large', sentence)
    }
    cursor = page.nextCursor
  } while (cursor !== null)
  return rows
}

/** Whole cards, each once: of two claims the one that counts. */
function isThere(unit: UnitRow, atMs: number): boolean {
  return (
    unit.parentUnitId === null &&
    unit.isCounted &&
    unit.validFromMs <= atMs &&
    (unit.validToMs === null || unit.validToMs > atMs)
  )
}

function acceleratorRow(lookup: NodeLookup, unit: UnitRow, places: Places): Row {
  const code = resourceCode('accelerator', unit.acceleratorId)
  const { profile } = unit
  return {
    identity: code,
    facts: {
      ...(places.get(unit.siteCode) ?? { site_code: unit.siteCode }),
      accelerator_code: code,
      vendor: profile.vendor,
      model: lookup.modelOf(profile),
      printed_name: profile.name,
      memory_mib: profile.memoryTotalMib,
      driver_version: unit.driverVersion,
      p_nominal: lookup.rateOf(profile, unit.sharePpm),
      placed_at: unit.validFromMs,
    },
  }
}

function sorted(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((left, right) => (left.identity < right.identity ? -1 : 1))
}
