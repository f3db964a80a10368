/** Rows and bounds of what nodes tell: refused records, clocks, keys, what is not believed by itself. */
import { runCode } from '@yiben/shared'
import type { NodeId, UnitId } from '../model/ids.ts'
import { type Finding, IMPLAUSIBLE_RULES, type ImplausibleFigures } from '../model/implausible.ts'
import type { KeyRotation } from './node-key-store.ts'
import { PAGE_ROWS_MAX } from './paging.ts'
import type { NodeState } from './requests.ts'
import { integer, integerOrNull, type Row, storedJson, text, textOrNull, wordOf } from './values.ts'

/** What is kept of a refused record for people to look at. */
export const REFUSED_BYTES_MAX = 4096

export function placementsOf(facts: Row): NodeState['placements'] {
  const pairs = storedJson<readonly (readonly [number, UnitId])[]>(text(facts, 'placements'))
  return pairs.map(([index, unitId]) => ({ index, unitId }))
}

/** Rows of each list of the quality page: the newest. */
export const QUALITY_ROWS_MAX = PAGE_ROWS_MAX

export const CLOCK_GAP = runCode('unknown/clock')

/** So many nodes are named to a person. */
export const EXAMPLES_MAX = 20

export function rotationOf(row: Row): KeyRotation {
  return {
    nodeId: text(row, 'node_id') as NodeId,
    nonce: text(row, 'nonce'),
    askedAtMs: integer(row, 'asked_at_ms'),
    askedBy: text(row, 'asked_by'),
    newKey: textOrNull(row, 'public_key'),
  }
}

/** Two hours of one card with the same figures; of what was not read both say so. */
export const SAME_COLUMNS = [
  'busy_ms',
  'samples_got',
  'samples_utilization',
  'utilization_sum_permille',
  'utilization_max_permille',
  'memory_used_mib_max',
  'energy_joules',
  'temperature_celsius_max',
] as const

export function findingOf(row: Row): Finding {
  return {
    findingId: integer(row, 'finding_id'),
    rule: wordOf(row, 'rule', IMPLAUSIBLE_RULES),
    nodeId: text(row, 'node_id') as NodeId,
    siteCode: text(row, 'site_code'),
    unitId: integerOrNull(row, 'unit_id') as UnitId | null,
    sinceMs: integer(row, 'since_ms'),
    untilMs: integer(row, 'until_ms'),
    hours: integer(row, 'hours'),
    figures: storedJson<ImplausibleFigures>(text(row, 'figures')),
    foundAtMs: integer(row, 'found_at_ms'),
    clearedAtMs: integerOrNull(row, 'cleared_at_ms'),
    clearedBy: textOrNull(row, 'cleared_by'),
    clearedBecause: textOrNull(row, 'cleared_because'),
  }
}
