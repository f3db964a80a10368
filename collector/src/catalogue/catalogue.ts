/**
 * The catalogue: facts about accelerators and places that the project ships, read once at start
 * and frozen. Its version stands beside every figure of P, so that a figure can be reproduced.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, type DivisionCode } from '@yiben/shared'
import { type Chip, parseChips } from './chips.ts'
import { type IdleBaselineRow, parseIdleBaselines } from './idle-baselines.ts'
import { type CatalogueMatch, indexChips, matchName, type PrintedDevice } from './match.ts'
import { type Place, parseRegions, placeOf, type Regions } from './regions.ts'

/** The day the data was last changed by a person; a test pins it to the content's hash. */
const DATA_DATE = '2026-11-20'
/** Enough of the hash to tell two catalogues apart, short enough to stand in a table. */
const HASH_CHARACTERS = 12
const DATA_DIRECTORY = join(import.meta.dirname, 'data')
const DATA_FILES = ['chips.csv', 'hubs.csv', 'idle-baselines.csv', 'provinces.csv'] as const

export interface Catalogue {
  /** `2026-11-20+0123456789ab`: day and content; equal versions give equal figures. */
  readonly version: string
  readonly chips: readonly Chip[]
  readonly idleBaselines: readonly IdleBaselineRow[]
  readonly regions: Regions
  match(device: PrintedDevice): CatalogueMatch
  /** `null` when the code's province is not one of the 34 divisions. */
  place(code: DivisionCode): Place | null
}

/** Reads and checks the four files; throws `config_invalid` or `config_unreadable`. */
export function loadCatalogue(directory: string = DATA_DIRECTORY): Catalogue {
  const hash = createHash('sha256')
  const [chipsText, hubsText, baselinesText, provincesText] = DATA_FILES.map((file) => {
    const bytes = readData(directory, file)
    hash.update(`${file}\n${bytes.length}\n`).update(bytes)
    return bytes.toString('utf8')
  })
  const chips = Object.freeze(parseChips(chipsText ?? ''))
  const regions = parseRegions(provincesText ?? '', hubsText ?? '')
  const index = indexChips(chips)
  return Object.freeze({
    version: `${DATA_DATE}+${hash.digest('hex').slice(0, HASH_CHARACTERS)}`,
    chips,
    idleBaselines: parseIdleBaselines(baselinesText ?? ''),
    regions,
    match: (device: PrintedDevice) => matchName(index, device),
    place: (code: DivisionCode) => placeOf(regions, code),
  })
}

function readData(directory: string, file: string): Buffer {
  try {
    return readFileSync(join(directory, file))
  } catch (error) {
    const sentence = `the catalogue file ${file} cannot be read; is the program complete?`
    throw new AppError('config_unreadable', sentence, { cause: error, fields: { directory } })
  }
}
