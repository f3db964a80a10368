/** Rows of children, of their collectors and nodes, and of what they told. */
import { HOUR_MS, type ReportedTerms, VENDORS } from '@yiben/shared'
import type {
  ChildEpochRow,
  ChildNodeRow,
  ChildRow,
  CollectorRow,
  TakenOutCard,
} from '../model/child.ts'
import type { ChildId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { SiteTerms } from '../model/site.ts'
import type { TakenOut } from './children-taken-out.ts'
import { coveredMs } from './evidence.ts'
import { PAGE_ROWS_MAX } from './paging.ts'
import { ownerOf } from './site-rows.ts'
import { flag, integer, integerOrNull, type Row, text, textOrNull, wordOf } from './values.ts'

const STATUSES = ['active', 'revoked'] as const
/** Of a child that was added by hand, in place of the token that others came by. */
export const ADDED = ''

export function numberOf(row: Row): number {
  return integer(row, 'child_number')
}

export function childOf(row: Row): ChildRow {
  return {
    childId: text(row, 'child_id') as ChildId,
    name: text(row, 'name'),
    algorithm: integer(row, 'algorithm'),
    publicKey: text(row, 'public_key'),
    regionCode: textOrNull(row, 'region_code'),
    isOneWay: flag(row, 'is_one_way'),
    fingerprint: text(row, 'fingerprint'),
    joinState: integer(row, 'join_state'),
    previousJoinState: integer(row, 'previous_join_state'),
    status: wordOf(row, 'status', STATUSES),
    enrolledAtMs: integer(row, 'enrolled_at_ms'),
  }
}

export function epochOf(row: Row): ChildEpochRow {
  return {
    epoch: text(row, 'epoch'),
    previousEpoch: textOrNull(row, 'previous_epoch'),
    isClosed: flag(row, 'is_closed'),
    watermark: integer(row, 'watermark'),
    watermarkHash: textOrNull(row, 'watermark_hash'),
  }
}

/** The newest of each list of the quality page. */
export const QUALITY_ROWS_MAX = PAGE_ROWS_MAX
export const EPOCH_CHANGES = ['replaced', 'forked'] as const

export function collectorOf(row: Row): CollectorRow {
  const logOrigin = textOrNull(row, 'log_origin')
  return {
    origin: text(row, 'origin'),
    childId: text(row, 'child_id') as ChildId,
    parentOrigin: textOrNull(row, 'parent_origin'),
    name: text(row, 'name'),
    programVersion: text(row, 'program_version'),
    awaySinceMs: integerOrNull(row, 'silent_from_ms'),
    reportedAtMs: integer(row, 'generation') === 0 ? null : integer(row, 'received_at_ms'),
    sites: integer(row, 'sites'),
    nodes: integer(row, 'nodes'),
    cards: integer(row, 'cards'),
    lastHourMs: integerOrNull(row, 'last_hour_ms'),
    checkpoint:
      logOrigin === null
        ? null
        : {
            logOrigin,
            size: integer(row, 'tree_size'),
            rootHash: text(row, 'root_hash'),
            receivedAtMs: integer(row, 'checkpoint_at_ms'),
          },
  }
}

/** `taken`: units that count elsewhere, `collector/unit`. */
export function childNodeOf(
  row: Row,
  cards: readonly Row[],
  taken: ReadonlySet<string>,
): ChildNodeRow {
  const collector = integer(row, 'collector_number')
  return {
    origin: text(row, 'origin'),
    nodeId: text(row, 'node_id'),
    siteCode: text(row, 'site_code'),
    name: text(row, 'name'),
    isRevoked: flag(row, 'is_revoked'),
    cpuCores: integerOrNull(row, 'cpu_cores'),
    receivedAtMs: integer(row, 'received_at_ms'),
    cards: cards.map((card) => ({
      ...cardOf(card),
      isTakenOut: taken.has(`${collector}/${integer(card, 'unit_number')}`),
    })),
  }
}

function cardOf(row: Row): Omit<ChildNodeRow['cards'][number], 'isTakenOut'> {
  return {
    unitNumber: integer(row, 'unit_number'),
    acceleratorNumber: integer(row, 'accelerator_number'),
    vendor: wordOf(row, 'vendor', VENDORS),
    name: text(row, 'printed_name'),
    memoryTotalMib: integerOrNull(row, 'memory_total_mib'),
    powerCapWatts: integerOrNull(row, 'power_cap_watts'),
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
    endedReason: textOrNull(row, 'ended_reason'),
    isCounted: flag(row, 'is_counted'),
    isInConflict: flag(row, 'is_in_conflict'),
  }
}

export function isWithin(region: string | null, code: string): boolean {
  if (region === null) return true
  const prefix = region.endsWith('0000') ? region.slice(0, 2) : region.replace(/00$/, '')
  return code.startsWith(prefix)
}

export function termsOf(told: ReportedTerms): SiteTerms {
  return {
    operatorCode: told.operatorCode,
    operatorName: told.operatorName,
    ownerCode: told.ownerCode,
    ownerName: told.ownerName,
    regionCode: told.regionCode,
    keep: [],
    validFromMs: told.validFromMs,
    validToMs: told.validToMs,
  }
}

export type TermsOfSites = ReadonlyMap<string, SiteTerms>

export function takenOutOf(
  cards: readonly TakenOut[],
  hourMs: number,
  terms: TermsOfSites,
): readonly TakenOutCard[] {
  const hour = { fromMs: hourMs, toMs: hourMs + HOUR_MS }
  return cards.flatMap(({ bookedToMs, profile, siteCode, spans, validFromMs }) => {
    const valid = {
      fromMs: Math.max(hour.fromMs, validFromMs),
      toMs: Math.min(hour.toMs, bookedToMs ?? hour.toMs),
    }
    if (valid.fromMs >= valid.toMs) return []
    const taken = spans.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs ?? hour.toMs }))
    const takenMs = coveredMs(valid, taken, [])
    if (takenMs === 0) return []
    const isWhole = takenMs === valid.toMs - valid.fromMs
    return [{ ...groupOf(terms, siteCode, profile), takenMs: BigInt(takenMs), isWhole }]
  })
}

export function groupOf(terms: TermsOfSites, siteCode: string, profile: DeviceProfile) {
  return { siteCode, ownerCode: ownerOf(terms.get(siteCode)), profile }
}
