/**
 * Children, their sessions and epochs, as roster.ts has those of nodes; and when they were away.
 * The fence is the same: a session's generation only rises, and only the holder of the highest
 * writes.
 */
import { assert } from '@yiben/shared'
import type { ChildEpochRow, ChildRow, ChildSession } from '../../model/child.ts'
import type { ChildId, SessionGeneration } from '../../model/ids.ts'
import { ADDED, childOf, epochOf, numberOf } from '../child-rows.ts'
import type {
  ChildListRow,
  EnrollChildRequest,
  EnrollChildResult,
  OpenChildSessionRequest,
  OpenChildSessionResult,
} from '../children-store.ts'
import { judgeEnrollment, newChild } from '../enrolling.ts'
import type { Store } from '../store.ts'
import type { Row } from '../values.ts'
import { flag, integer, integerOrNull, text, textOrNull } from '../values.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'
import { lockToken, useToken } from './tokens.ts'

type ChildRosterMethods = Pick<
  Store,
  | 'enrollChild'
  | 'addChild'
  | 'findChildByKey'
  | 'findChildEpoch'
  | 'openChildSession'
  | 'touchChildren'
  | 'endChildSession'
  | 'revokeChild'
  | 'beginChildSilences'
  | 'listChildren'
>

export function childRosterMethods(db: Database): ChildRosterMethods {
  return {
    enrollChild: async (request) => await enrollChild(db, request),
    findChildByKey: async (algorithm, publicKey) => {
      const row = await childByKey(db, algorithm, publicKey)
      return row === undefined ? null : childOf(row)
    },
    findChildEpoch: async (childId, epoch) => {
      const child = await childRow(db, childId)
      return child === undefined ? null : await findEpoch(db, numberOf(child), epoch)
    },
    openChildSession: async (request) => await openSession(db, request),

    addChild: async (child, outbox) => {
      await lock(db, 'children')
      if ((await childByKey(db, child.algorithm, child.publicKey)) !== undefined)
        return { status: 'known' }
      if ((await collectorNumber(db, child.publicKey)) !== null) return { status: 'known' }
      await insertChild(db, child, ADDED)
      addToOutbox(db, outbox)
      return { status: 'added' }
    },

    touchChildren: async (heard) => {
      for (const one of heard) {
        await db.run(sql`
          UPDATE children SET last_heard_ms = greatest(last_heard_ms, ${one.lastHeardMs}::bigint)
          WHERE child_id = ${one.childId} AND generation = ${one.generation}`)
      }
    },

    endChildSession: async (end) => {
      await db.run(
        sql`UPDATE children SET is_connected = false, ended_reason = ${end.reason}
         WHERE child_id = ${end.childId} AND generation = ${end.generation} AND is_connected`,
      )
    },

    revokeChild: async (change) => {
      await lock(db, 'children')
      const row = await childRow(db, change.childId)
      if (row === undefined) return { status: 'not_found' }
      if (childOf(row).status === 'revoked') return { status: 'already_revoked' }
      // Whichever process holds its session: nothing more is taken from it.
      await db.run(
        sql`UPDATE children SET status = 'revoked', generation = generation + 1,
          is_connected = false,
           ended_reason = 'node_revoked', behind_to_seq = NULL, behind_since_ms = NULL
         WHERE child_id = ${change.childId}`,
      )
      const fromMs = integerOrNull(row, 'last_heard_ms') ?? change.atMs
      await beginSilence(
        db,
        await ownCollector(db, row),
        Math.min(fromMs, change.atMs),
        change.atMs,
      )
      addToOutbox(db, change.outbox)
      return { status: 'revoked' }
    },

    beginChildSilences: async (silences) => {
      await lock(db, 'children')
      for (const { childId, declaredAtMs, fromMs } of silences) {
        const row = await childRow(db, childId)
        if (row === undefined) continue
        await beginSilence(db, await ownCollector(db, row), fromMs, declaredAtMs)
      }
    },

    listChildren: async () => {
      const rows = await db.all(sql`
        SELECT c.*, e.epoch, e.watermark, e.watermark_hash FROM children c
        LEFT JOIN LATERAL (SELECT * FROM child_epochs l WHERE l.child_number = c.child_number
          ORDER BY l.is_closed, l.epoch_number DESC LIMIT 1) e ON true
        ORDER BY c.child_number`)
      return rows.map(listRowOf)
    },
  }
}

export async function childRow(db: Database, childId: ChildId): Promise<Row | undefined> {
  return await db.get(sql`SELECT * FROM children WHERE child_id = ${childId}`)
}

/** Number of a ledger that something is told of; `null` for one that is not known here. */
export async function collectorNumber(db: Database, origin: string): Promise<number | null> {
  const row = await db.get(
    sql`SELECT collector_number FROM child_collectors WHERE origin = ${origin}`,
  )
  return row === undefined ? null : integer(row, 'collector_number')
}

export async function findEpoch(
  db: Database,
  child: number,
  epoch: string,
): Promise<ChildEpochRow | null> {
  const row = await db.get(
    sql`SELECT * FROM child_epochs WHERE child_number = ${child} AND epoch = ${epoch}`,
  )
  return row === undefined ? null : epochOf(row)
}

/** Nothing where it is silent already. */
export async function beginSilence(
  db: Database,
  collector: number,
  fromMs: number,
  declaredAtMs: number,
): Promise<void> {
  await db.run(
    sql`INSERT INTO child_silences (collector_number, from_ms, declared_at_ms)
      VALUES (${collector}, ${fromMs}, ${declaredAtMs})
     ON CONFLICT (collector_number) WHERE to_ms IS NULL DO NOTHING`,
  )
}

export async function endSilence(
  db: Database,
  collector: number,
  toMs: number,
  endedAtMs: number,
): Promise<void> {
  await db.run(
    sql`UPDATE child_silences SET to_ms = greatest(${toMs}, from_ms), ended_at_ms = ${endedAtMs}
     WHERE collector_number = ${collector} AND to_ms IS NULL`,
  )
}

async function childByKey(
  db: Database,
  algorithm: number,
  publicKey: string,
): Promise<Row | undefined> {
  return await db.get(
    sql`SELECT * FROM children WHERE algorithm = ${algorithm} AND public_key = ${publicKey}`,
  )
}

/** The ledger of the child itself. */
export async function ownCollector(db: Database, child: Row): Promise<number> {
  const number = await collectorNumber(db, text(child, 'public_key'))
  assert(number !== null, 'the ledger of a child is known from its admission')
  return number
}

async function enrollChild(db: Database, request: EnrollChildRequest): Promise<EnrollChildResult> {
  await lock(db, 'children')
  const token = await lockToken(db, request.tokenId)
  const row = await childByKey(db, request.algorithm, request.publicKey)
  const known =
    row === undefined ? null : { peer: childOf(row), enrolledBy: text(row, 'enrolled_by') }
  const judged = judgeEnrollment({ kind: 'child', request, token, known })
  if (judged.status === 'enrolled') return { status: 'enrolled', child: judged.peer }
  if (judged.status !== 'new') return { status: judged.status }
  const { child, entry } = newChild(request, judged.token)
  await insertChild(db, child, request.tokenId)
  await useToken(db, request.tokenId)
  addToOutbox(db, [entry])
  return { status: 'enrolled', child }
}

async function insertChild(db: Database, child: ChildRow, enrolledBy: string): Promise<void> {
  const row = await db.get(
    sql`INSERT INTO children (child_id, name, algorithm, public_key, region_code, is_one_way,
       fingerprint, join_state, previous_join_state, status, enrolled_at_ms, enrolled_by)
     VALUES (${child.childId}, ${child.name}, ${child.algorithm}, ${child.publicKey},
       ${child.regionCode}, ${child.isOneWay}, ${child.fingerprint}, ${child.joinState},
       ${child.previousJoinState}, ${child.status}, ${child.enrolledAtMs}, ${enrolledBy})
     RETURNING child_number`,
  )
  const childNumber = integer(row ?? {}, 'child_number')
  // A collector that was below another child until now tells for itself from here on.
  await db.run(
    sql`INSERT INTO child_collectors (origin, child_number, parent_origin, name, program_version,
       generation, number, received_at_ms) VALUES (${child.publicKey}, ${childNumber}, NULL,
         ${child.name}, '', 0, 0, ${child.enrolledAtMs})
     ON CONFLICT (origin) DO UPDATE SET child_number = excluded.child_number, parent_origin = NULL`,
  )
}

async function openSession(
  db: Database,
  request: OpenChildSessionRequest,
): Promise<OpenChildSessionResult> {
  await lock(db, 'children')
  const row = await childRow(db, request.childId)
  if (row === undefined) return { status: 'node_unknown' }
  const child = childOf(row)
  if (child.joinState !== request.expectedJoinState || child.status !== 'active') {
    return { status: 'stale' }
  }
  const known = await findEpoch(db, numberOf(row), request.epoch)
  if (known?.isClosed) return { status: 'epoch_closed' }
  const epoch = known ?? (await beginEpoch(db, row, request))
  const generation = integer(row, 'generation') + 1
  const isBehind = request.lastSeq > epoch.watermark
  await db.run(
    sql`UPDATE children SET generation = ${generation}, is_connected = true,
      remote_address = ${request.remoteAddress}, program_version = ${request.programVersion},
       fingerprint = ${request.fingerprint}, join_state = ${request.nextJoinState},
         previous_join_state = ${request.presentedJoinState}, connected_at_ms = ${request.nowMs},
       last_heard_ms = ${request.nowMs}, ended_reason = NULL,
         behind_to_seq = ${isBehind ? request.lastSeq : null},
       behind_since_ms = CASE WHEN ${isBehind}::boolean THEN COALESCE(behind_since_ms,
         ${request.nowMs}) END
     WHERE child_id = ${request.childId}`,
  )
  // While it still has to tell of the time it was away, that time is not told.
  if (!isBehind) await endSilence(db, await ownCollector(db, row), request.nowMs, request.nowMs)
  return { status: 'opened', generation: generation as SessionGeneration, epoch }
}

/** Another stream: what was written into the ones before it is over. */
async function beginEpoch(
  db: Database,
  row: Row,
  request: OpenChildSessionRequest,
): Promise<ChildEpochRow> {
  const child = numberOf(row)
  const { changes } = await db.run(
    sql`UPDATE child_epochs SET is_closed = true WHERE child_number = ${child} AND NOT is_closed`,
  )
  const isForked = row.ended_reason === 'epoch_forked'
  await db.run(
    sql`INSERT INTO child_epochs (child_number, epoch, previous_epoch, is_closed, watermark,
       watermark_hash, began_at_ms, begun_as) VALUES (${child}, ${request.epoch},
         ${request.previousEpoch}, false, 0, NULL, ${request.nowMs},
         ${changes === 0 ? 'first' : isForked ? 'forked' : 'replaced'})`,
  )
  return {
    epoch: request.epoch,
    previousEpoch: request.previousEpoch,
    isClosed: false,
    watermark: 0,
    watermarkHash: null,
  }
}

function listRowOf(row: Row): ChildListRow {
  const session: ChildSession = {
    generation: integer(row, 'generation') as SessionGeneration,
    isConnected: flag(row, 'is_connected'),
    remoteAddress: text(row, 'remote_address'),
    programVersion: text(row, 'program_version'),
    connectedAtMs: integerOrNull(row, 'connected_at_ms'),
    lastHeardMs: integerOrNull(row, 'last_heard_ms'),
    endedReason: textOrNull(row, 'ended_reason'),
    behindSinceMs: integerOrNull(row, 'behind_since_ms'),
    epoch: textOrNull(row, 'epoch'),
    watermark: integerOrNull(row, 'watermark') ?? 0,
    watermarkHash: textOrNull(row, 'watermark_hash'),
    olderRecords: integer(row, 'older_records'),
  }
  return { child: childOf(row), session }
}
