/**
 * One process serves a ledger: bank, roller and sequencer are in it. Commands come and go beside
 * it. All its connections share the lock of its number, so that another can take over only when the
 * last of them is gone, however that came about; and one that was cut off and comes back is told
 * so.
 */
import { AppError } from '@yiben/shared'
import { integer, textOrNull } from '../sqlite/values.ts'
import type { Connection, Database } from './driver.ts'
import { sql } from './sql.ts'

/** The key of whoever serves: its public half, and how to make one where there is none. */
export interface ServingIdentity {
  readonly publicKey: string | null
  readonly make: () => string
}

/** First half of the key; the second is the number. */
const CLASS = 5_949_425

/**
 * Takes the next number; throws `disk_locked` while another process holds the last one. The lock on
 * that is held by this connection until it closes.
 */
export async function takeServing(db: Database): Promise<number> {
  const row = await db.get(sql`SELECT number FROM serving FOR UPDATE`)
  const last = integer(row ?? {}, 'number')
  const free = await db.get(sql`SELECT pg_try_advisory_lock(${CLASS}, ${last}::int) AS is_free`)
  if (free?.is_free !== 1) {
    throw new AppError('disk_locked', 'Another collector is serving this ledger.')
  }
  await db.run(sql`UPDATE serving SET number = ${last + 1}`)
  // Sessions of a process that is gone.
  await db.run(sql`
    UPDATE sessions SET is_connected = false, ended_reason = 'collector_stopped'
    WHERE is_connected`)
  return last + 1
}

/**
 * A ledger and the key that signs for it lie in two places: neither goes on without the other. What
 * was lost does not begin anew by itself, and no second collector takes the ledger for its own.
 */
export async function bindIdentity(db: Database, identity: ServingIdentity): Promise<void> {
  const row = await db.get(sql`SELECT public_key FROM serving`)
  const bound = textOrNull(row ?? {}, 'public_key')
  const { publicKey } = identity
  if (bound === null && publicKey === null) {
    await db.run(sql`UPDATE serving SET public_key = ${identity.make()}`)
  } else if (bound === null) {
    const sentence = 'there is an identity.key in data_dir, but no ledger of it in storage.url'
    throw new AppError('state_missing', sentence)
  } else if (bound !== publicKey) {
    const sentence = 'the ledger in storage.url is of another identity.key: put that into data_dir'
    throw new AppError('state_missing', sentence)
  }
}

/** Of each new connection of the process that serves under the number. */
export async function admitServing(connection: Connection, number: number): Promise<void> {
  await connection.query(`SELECT pg_advisory_lock_shared(${CLASS}, ${number})`)
  const [row] = await connection.query('SELECT number FROM serving')
  if (Number(row?.number) === number) return
  throw new AppError('disk_locked', 'Another collector has taken this ledger over.')
}
