/**
 * What a template may ask for: the ledger's own list of facts, each with its kind and the rows it
 * is known of. A fact that is not known is `null`, never 0.
 */
import { LEDGER_STAGES, type LedgerStage } from '../rollup/ledger.ts'

/** A rate is a bigint of nano-TFLOPS, an instant milliseconds of UTC. */
export type FactKind = 'text' | 'count' | 'rate' | 'instant'
export type FactValue = string | number | bigint | null
export type Facts = Readonly<Record<string, FactValue>>

export const ROW_KINDS = ['site_models', 'sites', 'accelerators'] as const
/** One row per site and model, per site, or per card. */
export type RowKind = (typeof ROW_KINDS)[number]

export interface Row {
  /** Stays the same when the row is made again. */
  readonly identity: string
  readonly facts: Facts
}

const EVERY = ROW_KINDS
const COUNTED: readonly RowKind[] = ['site_models', 'sites']
const MODELS: readonly RowKind[] = ['site_models', 'accelerators']

interface Fact {
  readonly kind: FactKind
  readonly rows: readonly RowKind[]
}

function facts(kind: FactKind, rows: readonly RowKind[], names: readonly string[]) {
  return names.map((name): readonly [string, Fact] => [name, { kind, rows }])
}

/** Of the file, the same in all its rows. */
const FILE_TEXTS = ['file_name', 'sequence', 'use', 'run_code']
const FILE_COUNTS = ['file_number', 'row', 'rows']
const FILE_INSTANTS = ['as_of', 'known_at', 'made_at']

const PLACE_TEXTS = [
  'site_code',
  'site_name',
  'site_resource_code',
  'issued_code',
  'region_code',
  'province_code',
  'city_code',
  'hub',
  'cluster',
  'operator_code',
  'operator_name',
  'owner_code',
  'owner_name',
]
const MODEL_TEXTS = ['vendor', 'model', 'printed_name']
const CARD_TEXTS = ['accelerator_code', 'driver_version']
const COUNTS = ['cards_registered', 'cards_not_connected', 'cards_lapsed', 'cards_unrated']
const SITE_COUNTS = ['nodes', 'nodes_without_cores', 'cpu_cores']

export function cardsFact(stage: LedgerStage): string {
  return `cards_${stage}`
}

export function rateFact(stage: LedgerStage): string {
  return `p_${stage}`
}

export const FACTS: ReadonlyMap<string, Fact> = new Map([
  ...facts('text', EVERY, [...FILE_TEXTS, ...PLACE_TEXTS]),
  ...facts('count', EVERY, FILE_COUNTS),
  ...facts('instant', EVERY, FILE_INSTANTS),
  ...facts('text', MODELS, MODEL_TEXTS),
  ...facts('count', MODELS, ['memory_mib']),
  ...facts('count', COUNTED, [...COUNTS, ...LEDGER_STAGES.map(cardsFact)]),
  ...facts('rate', COUNTED, LEDGER_STAGES.map(rateFact)),
  ...facts('count', ['sites'], SITE_COUNTS),
  ...facts('text', ['accelerators'], CARD_TEXTS),
  ...facts('rate', ['accelerators'], ['p_nominal']),
  ...facts('instant', ['accelerators'], ['placed_at']),
])
