/** Collectors that report here, what is below them, and what is wrong with what they told. */
import { VENDORS } from '@yiben/shared'
import { z } from 'zod'
import type { ChildClaim, ChildConflict, ChildNodeRow, CollectorRow } from '../../model/child.ts'
import type { ChildListRow, ChildQuality } from '../../storage/children-store.ts'
import { instantOrNull, instantOut, instantText, nextCursorOut } from '../schemas.ts'

const claimSchema = z.object({
  origin: z.string().nullable().meta({ description: 'null: the card is here' }),
  unit_number: z.number().int().meta({ description: 'of its place, in its own ledger' }),
  node_id: z.string(),
  site_code: z.string(),
  valid_from: instantOut,
  valid_to: instantOut.nullable(),
})

const conflictSchema = z.object({
  conflict_id: z.number().int(),
  kept: claimSchema.nullable().meta({ description: 'null: not within what the asker may see' }),
  other: claimSchema.nullable().meta({ description: 'not counted while both last' }),
  opened_at: instantOut,
  resolved_at: instantOut.nullable(),
  resolved_by: z.string().nullable(),
})

const collectorSchema = z.object({
  origin: z.string().meta({ description: 'public key of its ledger, hex' }),
  child_id: z.string().meta({ description: 'the child that tells of it' }),
  parent_origin: z
    .string()
    .nullable()
    .meta({ description: 'null: it reports here, or to one that the asker does not see' }),
  name: z.string(),
  status: z.enum(['active', 'revoked']),
  one_way: z.boolean().meta({ description: 'it never connects: bundles are brought' }),
  away_since: instantOut
    .nullable()
    .meta({ description: 'all of it and below it is unknown since then; null: it is heard' }),
  last_heard_at: instantOut.nullable(),
  behind_since: instantOut
    .nullable()
    .meta({ description: 'it is telling what it could not tell before, since then' }),
  draws: z.boolean().nullable().meta({
    description: 'whether it lets this collector draw; null: it is not connected here now',
  }),
  program_version: z.string(),
  reported_at: instantOut.nullable(),
  last_hour: instantOut.nullable().meta({ description: 'the latest hour that it has told' }),
  sites: z.number().int(),
  nodes: z.number().int(),
  cards: z.number().int(),
  checkpoint: z
    .object({
      log_origin: z.string(),
      size: z.number().int(),
      root_hash: z.string(),
      received_at: instantOut,
    })
    .nullable(),
})

export const childrenSchema = z.object({ demo: z.boolean(), collectors: z.array(collectorSchema) })

const cardSchema = z.object({
  unit_number: z.number().int(),
  accelerator_number: z.number().int(),
  vendor: z.enum(VENDORS),
  printed_name: z.string(),
  memory_total_mib: z.number().int().nullable(),
  valid_from: instantOut,
  valid_to: instantOut.nullable(),
  ended_reason: z.string().nullable(),
  counted: z.boolean(),
  in_conflict: z.boolean().meta({ description: 'within its own ledger' }),
  taken_out: z.boolean().meta({ description: 'another ledger claims it too, and counts it' }),
})

export const childNodesSchema = z.object({
  demo: z.boolean(),
  origin: z.string(),
  nodes: z.array(
    z.object({
      node_id: z.string().meta({ description: 'as its own collector calls it' }),
      name: z.string(),
      site_code: z.string(),
      revoked: z.boolean(),
      cpu_cores: z.number().int().nullable(),
      received_at: instantOut,
      cards: z.array(cardSchema),
    }),
  ),
  next_cursor: nextCursorOut,
})

function listOf<Row extends z.ZodType>(row: Row) {
  return z.object({ total: z.number().int(), rows: z.array(row) })
}

export const childQualitySchema = z.object({
  refused: listOf(
    z.object({
      child_id: z.string(),
      epoch: z.string(),
      seq: z.number().int(),
      code: z.string(),
      sentence: z.string(),
      refused_at: instantOut,
    }),
  ).meta({ description: 'records of children that were not taken: whole-country askers only' }),
  unbalanced: listOf(
    z.object({
      origin: z.string(),
      site_code: z.string(),
      hour: instantOut,
      missing_ms: z.number().int(),
    }),
  ).meta({ description: 'hours whose states leave time of their cards over, or book too much' }),
  epochs: listOf(
    z.object({
      child_id: z.string(),
      epoch: z.string(),
      begun_as: z.enum(['replaced', 'forked']),
      began_at: instantOut,
    }),
  ),
  conflicts: listOf(conflictSchema).meta({ description: 'cards that two ledgers claim at once' }),
})

export function collectorAnswer(
  row: CollectorRow,
  children: readonly ChildListRow[],
  /** Ledgers that the asker sees. */
  origins: ReadonlySet<string>,
  /** Whether each that is connected lets this collector draw. */
  drawing: ReadonlyMap<string, boolean>,
): z.infer<typeof collectorSchema> {
  const child = children.find((one) => one.child.childId === row.childId)
  const own = child?.child.publicKey === row.origin ? child : null
  const isSeen = row.parentOrigin !== null && origins.has(row.parentOrigin)
  return {
    origin: row.origin,
    child_id: row.childId,
    parent_origin: own === null && isSeen ? row.parentOrigin : null,
    name: row.name,
    status: child?.child.status ?? 'revoked',
    one_way: child?.child.isOneWay ?? false,
    away_since: instantOrNull(row.awaySinceMs),
    last_heard_at: instantOrNull(own?.session.lastHeardMs ?? null),
    behind_since: instantOrNull(own?.session.behindSinceMs ?? null),
    draws: own === null ? null : (drawing.get(row.childId) ?? null),
    program_version: row.programVersion,
    reported_at: instantOrNull(row.reportedAtMs),
    last_hour: instantOrNull(row.lastHourMs),
    sites: row.sites,
    nodes: row.nodes,
    cards: row.cards,
    checkpoint:
      row.checkpoint === null
        ? null
        : {
            log_origin: row.checkpoint.logOrigin,
            size: row.checkpoint.size,
            root_hash: row.checkpoint.rootHash,
            received_at: instantText(row.checkpoint.receivedAtMs),
          },
  }
}

export function childNodeAnswer(
  node: ChildNodeRow,
): z.infer<typeof childNodesSchema>['nodes'][number] {
  return {
    node_id: node.nodeId,
    name: node.name,
    site_code: node.siteCode,
    revoked: node.isRevoked,
    cpu_cores: node.cpuCores,
    received_at: instantText(node.receivedAtMs),
    cards: node.cards.map((card) => ({
      unit_number: card.unitNumber,
      accelerator_number: card.acceleratorNumber,
      vendor: card.vendor,
      printed_name: card.name,
      memory_total_mib: card.memoryTotalMib,
      valid_from: instantText(card.validFromMs),
      valid_to: instantOrNull(card.bookedToMs),
      ended_reason: card.endedReason,
      counted: card.isCounted,
      in_conflict: card.isInConflict,
      taken_out: card.isTakenOut,
    })),
  }
}

export function childQualityAnswer(
  quality: ChildQuality,
  rowsMax: number,
): z.infer<typeof childQualitySchema> {
  const cut = <Row>(rows: readonly Row[]) => ({ total: rows.length, rows: rows.slice(0, rowsMax) })
  return {
    refused: cut(
      quality.refused.map((row) => ({
        child_id: row.childId,
        epoch: row.epoch,
        seq: row.seq,
        code: row.code,
        sentence: row.sentence,
        refused_at: instantText(row.refusedAtMs),
      })),
    ),
    unbalanced: cut(
      quality.unbalanced.map((row) => ({
        origin: row.origin,
        site_code: row.siteCode,
        hour: instantText(row.hourMs),
        missing_ms: row.missingMs,
      })),
    ),
    epochs: cut(
      quality.epochs.map((row) => ({
        child_id: row.childId,
        epoch: row.epoch,
        begun_as: row.begunAs,
        began_at: instantText(row.beganAtMs),
      })),
    ),
    conflicts: cut(quality.conflicts.map(conflictAnswer)),
  }
}

function conflictAnswer(conflict: ChildConflict): z.infer<typeof conflictSchema> {
  return {
    conflict_id: conflict.conflictId,
    kept: conflict.kept === null ? null : claimAnswer(conflict.kept),
    other: conflict.other === null ? null : claimAnswer(conflict.other),
    opened_at: instantText(conflict.openedAtMs),
    resolved_at: instantOrNull(conflict.resolvedAtMs),
    resolved_by: conflict.resolvedBy,
  }
}

function claimAnswer(claim: ChildClaim): z.infer<typeof claimSchema> {
  return {
    origin: claim.origin,
    unit_number: claim.unitNumber,
    node_id: claim.nodeId,
    site_code: claim.siteCode,
    valid_from: instantText(claim.validFromMs),
    valid_to: instantOrNull(claim.bookedToMs),
  }
}
