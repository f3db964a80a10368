/**
 * Who decides. Of all processes that have a ledger open one leads: bank, roller and sequencer are in
 * it. All its connections share the lock of its number, so that another can take over only when the
 * last of them is gone, however that came about; and one that was cut off and comes back is told so.
 * So nothing is ever decided under a number that is not the last.
 */
import { AppError } from '@yiben/shared'
import { integer, textOrNull } from '../values.ts'
import type { Connection, Database } from './driver.ts'
import { sql } from './sql.ts'

/** The key of whoever serves: its public half, and how to make one where there is none. */
export interface ServingIdentity {
  readonly publicKey: string | null
  readonly make: () => string
}

/** First half of the key; the second is the number. */
const CLASS = 5_949_425
/** Looks whether connections that were ended have gone. */
const ENDED_LOOKS_MAX = 50
const ENDED_LOOK_SECONDS = 0.1

/**
 * Takes the next number for a process; throws `disk_locked` while another one holds the last. What
 * still holds `suspect`, a number whose process is not heard any more, is ended. The lock on the
 * last number is held by this connection until it closes.
 */
export async function takeServing(
  db: Database,
  instance: string,
  suspect: number | null,
): Promise<number> {
  const row = await db.get(sql`SELECT number, instance FROM serving FOR UPDATE`)
  const last = integer(row ?? {}, 'number')
  const before = textOrNull(row ?? {}, 'instance')
  if (!(await isFree(db, last)) && !(suspect === last && (await isMadeFree(db, last)))) {
    throw new AppError('disk_locked', 'Another collector is serving this ledger.')
  }
  await db.run(sql`UPDATE serving SET number = ${last + 1}, instance = ${instance}`)
  if (before !== instance) await db.run(sql`DELETE FROM collectors WHERE instance = ${before}`)
  // Sessions of processes that are gone.
  await db.run(sql`
    UPDATE sessions SET is_connected = false, ended_reason = 'collector_stopped'
    WHERE is_connected AND collector_instance NOT IN (SELECT instance FROM collectors)`)
  return last + 1
}

/** Taken with it, where it is. */
async function isFree(db: Database, number: number): Promise<boolean> {
  const free = await db.get(sql`SELECT pg_try_advisory_lock(${CLASS}, ${number}::int) AS is_free`)
  return free?.is_free === 1
}

/** Ends the connections of a process that may hang or be cut off: what it has under way is undone. */
async function isMadeFree(db: Database, number: number): Promise<boolean> {
  for (let look = 0; look < ENDED_LOOKS_MAX; look += 1) {
    await db.get(sql`
      SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_locks
      WHERE locktype = 'advisory' AND classid = ${CLASS} AND objid = ${number} AND granted
        AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
    if (await isFree(db, number)) return true
    await db.get(sql`SELECT pg_sleep(${ENDED_LOOK_SECONDS}::float8)::text AS slept`)
  }
  return false
}

/**
 * A ledger and the key that signs for it lie in two places: neither goes on without the other. What
 * was lost does not begin anew by itself, and no second collector takes the ledger for its own.
 */
export async function bindIdentity(db: Database, identity: ServingIdentity): Promise<void> {
  const row = await db.get(sql`SELECT public_key FROM serving FOR UPDATE`)
  const bound = textOrNull(row ?? {}, 'public_key')
  const { publicKey } = identity
  if (bound === null && publicKey === null) {
    await db.run(sql`UPDATE serving SET public_key = ${identity.make()}`)
  } else if (bound === null) {
    const sentence = 'there is an identity.key in data_dir, but no ledger of it in storage.url'
    throw new AppError('state_missing', sentence)
  } else if (bound !== publicKey) throw otherIdentity()
}

/** The key may sign for this ledger; one that nobody has served is anybody's. */
export async function refuseOtherIdentity(db: Database, publicKey: string): Promise<void> {
  const row = await db.get(sql`SELECT public_key FROM serving FOR UPDATE`)
  const bound = textOrNull(row ?? {}, 'public_key')
  if (bound !== null && bound !== publicKey) throw otherIdentity()
}

function otherIdentity(): AppError {
  const sentence = 'the ledger in storage.url is of another identity.key: put that into data_dir'
  return new AppError('state_missing', sentence)
}

/** Whether any connection shares the lock of the number. */
export async function isServingHeld(db: Database, number: number): Promise<boolean> {
  const row = await db.get(sql`
    SELECT EXISTS (SELECT 1 FROM pg_locks
      WHERE locktype = 'advisory' AND classid = ${CLASS} AND objid = ${number} AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS is_held`)
  return row?.is_held === 1
}

/** Of each new connection of the process that serves under the number. */
export async function admitServing(connection: Connection, number: number): Promise<void> {
  await connection.query(`SELECT pg_advisory_lock_shared(${CLASS}, ${number})`)
  const [row] = await connection.query('SELECT number FROM serving')
  if (Number(row?.number) === number) return
  throw new AppError('disk_locked', 'Another collector has taken this ledger over.')
}
