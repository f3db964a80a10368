/**
 * The processes that serve one ledger, over the database itself: rows that tell who is there,
 * messages that NOTIFY wakes for and never carries. A connection that breaks costs time only.
 */
import { AppError, type Clock, type Logger, sleep } from '@yiben/shared'
import type { HeardElsewhere, Member, Members, Message, MessageTo, Standing } from '../members.ts'
import type { LedgerState } from '../requests.ts'
import { integer, text, textOrNull } from '../values.ts'
import { type Database, Pool, type Row } from './driver.ts'
import { readHeardElsewhere } from './heard.ts'
import { createLedger } from './ledger.ts'
import { migrate } from './migrate.ts'
import { bindIdentity, isServingHeld, type ServingIdentity, takeServing } from './serving.ts'
import { sql } from './sql.ts'

export interface MembersOptions {
  readonly url: string
  readonly newLedger: LedgerState
  readonly identity: ServingIdentity
  /** Of no process before. */
  readonly instance: string
  readonly name: string
  /** This process was one of them before. */
  readonly isAgain: boolean
  readonly clock: Clock
  readonly log: Logger
}

/** One of them listens; one says that it is there, whatever the other is busy with. */
const CONNECTIONS = 3
const LISTEN_AGAIN_MS = 500
const BEAT_MS_MAX = 3_000
const LEAVE_MS_MAX = 2_000
/** What is ended is waited for. */
const LEAD_MS_MAX = 20_000
const ENTER_AGAIN_MS_MAX = 20_000
const CLOSE_MS_MAX = 1_000
const MESSAGES_PER_READ_MAX = 500

export class PostgresMembers implements Members {
  readonly instance: string
  readonly #options: MembersOptions
  readonly #pool: Pool
  #isDeaf = false
  #closing: Promise<void> | null = null
  #listening: { close(): void } | null = null

  private constructor(options: MembersOptions) {
    this.#options = options
    this.instance = options.instance
    this.#pool = new Pool({ url: options.url, connections: CONNECTIONS })
  }

  /** Brings the database to this program's format, and is there from then on. */
  static async join(options: MembersOptions): Promise<PostgresMembers> {
    const members = new PostgresMembers(options)
    try {
      const entering = members.#enter()
      // The first time it may have to change the format of a large database.
      await (options.isAgain ? members.#bounded(entering, ENTER_AGAIN_MS_MAX) : entering)
    } catch (error) {
      await members.#pool.close()
      throw error
    }
    return members
  }

  /**
   * The number under which this process leads from now on; `null`: another one does. What still
   * holds `suspect` is ended.
   */
  async lead(suspect: number | null): Promise<number | null> {
    // The lock on the number before goes with the connection that has taken it.
    const pool = new Pool({ url: this.#options.url, connections: 1 })
    const taking = pool.transaction('write', (db) => takeServing(db, this.instance, suspect))
    try {
      return await this.#bounded(taking, LEAD_MS_MAX, pool)
    } catch (error) {
      if (error instanceof AppError && error.code === 'disk_locked') return null
      throw error
    } finally {
      await pool.close()
    }
  }

  async beat(): Promise<Standing> {
    const beating = this.#pool.transaction('write', async (db) => {
      await eased(db)
      const { changes } = await db.run(
        sql`UPDATE collectors SET beat = beat + 1 WHERE instance = ${this.instance}`,
      )
      const standing = await standingOf(db)
      return { ...standing, isGivenUp: changes === 0 }
    })
    return await this.#bounded(beating, BEAT_MS_MAX)
  }

  async send(messages: readonly MessageTo[]): Promise<void> {
    const receivers = messages.map(({ receiver }) => receiver)
    await this.#pool.transaction('write', async (db) => {
      await eased(db)
      await db.run(sql`
        INSERT INTO collector_messages (receiver, sender, body)
        SELECT receiver, ${this.instance}, body
        FROM unnest(${receivers}::text[], ${messages.map(({ body }) => body)}::text[])
          WITH ORDINALITY asked (receiver, body, place)
        JOIN collectors c ON c.instance = asked.receiver ORDER BY place`)
      await db.all(sql`
        SELECT pg_notify('yiben_' || receiver, '')
        FROM unnest(${[...new Set(receivers)]}::text[]) asked (receiver)`)
    })
  }

  async take(): Promise<readonly Message[]> {
    const rows = await this.#pool.transaction('write', async (db) => {
      await eased(db)
      return await db.all(sql`
        WITH taken AS (DELETE FROM collector_messages WHERE message_id IN
            (SELECT message_id FROM collector_messages WHERE receiver = ${this.instance}
              ORDER BY message_id LIMIT ${MESSAGES_PER_READ_MAX})
          RETURNING message_id, sender, body)
        SELECT sender, body FROM taken ORDER BY message_id`)
    })
    return rows.map((row) => ({ sender: text(row, 'sender'), body: text(row, 'body') }))
  }

  async heardElsewhere(): Promise<readonly HeardElsewhere[]> {
    return await this.#pool.transaction('read', (db) => readHeardElsewhere(db, this.instance))
  }

  async forget(instance: string): Promise<void> {
    await this.#pool.transaction('write', async (db) => {
      await db.run(sql`DELETE FROM collectors WHERE instance = ${instance}`)
      await db.run(sql`DELETE FROM collector_messages WHERE receiver = ${instance}`)
      await db.run(sql`
        UPDATE sessions SET is_connected = false, ended_reason = 'collector_stopped'
        WHERE is_connected AND collector_instance = ${instance}`)
    })
  }

  /** Calls back when something may have been sent here; at once when it cannot be known. */
  async listen(onMessage: () => void): Promise<void> {
    const { clock, log } = this.#options
    while (!this.#isDeaf) {
      try {
        const listening = await this.#pool.listen(`yiben_${this.instance}`, onMessage)
        this.#listening = listening
        onMessage()
        await listening.ended
        listening.close()
      } catch (error) {
        log.debug({ err: error }, 'the database does not wake this collector')
      }
      this.#listening = null
      if (!this.#isDeaf) await sleep(clock, LISTEN_AGAIN_MS)
    }
  }

  /** Whatever is under way fails; what comes later opens its own connection. */
  endListening(): void {
    this.#isDeaf = true
    this.#listening?.close()
    this.#pool.abandon()
  }

  /** Leaves in order, where the database can be told. */
  async leave(): Promise<void> {
    try {
      await this.#bounded(this.forget(this.instance), LEAVE_MS_MAX)
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the others will find out that this one has left')
    }
  }

  /** Whatever is under way fails. Idempotent. */
  async close(): Promise<void> {
    this.endListening()
    // One that is about to connect ends by itself.
    const late = sleep(this.#options.clock, CLOSE_MS_MAX)
    this.#closing ??= Promise.race([this.#pool.close(), late])
    await this.#closing
  }

  /** Behind a path that is cut nothing answers: the connections are broken off then. */
  async #bounded<Result>(
    work: Promise<Result>,
    withinMs: number,
    pool = this.#pool,
  ): Promise<Result> {
    const timer = this.#options.clock.after(withinMs, () => pool.abandon())
    try {
      return await work
    } finally {
      timer.cancel()
    }
  }

  async #enter(): Promise<void> {
    const { identity, newLedger } = this.#options
    await migrate(this.#pool)
    await this.#pool.transaction('write', (db) => createLedger(db, newLedger))
    await this.#pool.transaction('write', (db) => bindIdentity(db, identity))
    await this.#pool.transaction('write', (db) => this.#enroll(db))
  }

  async #enroll(db: Database): Promise<void> {
    await db.run(sql`
      INSERT INTO collectors (instance, name, beat)
      VALUES (${this.instance}, ${this.#options.name}, 1) ON CONFLICT (instance) DO NOTHING`)
  }
}

/** Nothing of it is missed when the database crashes: it need not wait for a disk. */
async function eased(db: Database): Promise<void> {
  await db.get(sql`SELECT set_config('synchronous_commit', 'off', true) AS eased`)
}

async function standingOf(db: Database): Promise<Omit<Standing, 'isGivenUp'>> {
  const row = (await db.get(sql`SELECT number, instance FROM serving`)) ?? {}
  const members = (
    await db.all(sql`SELECT instance, name, beat FROM collectors ORDER BY instance`)
  ).map(memberOf)
  const number = integer(row, 'number')
  const leads = textOrNull(row, 'instance')
  return {
    number,
    leader: members.find(({ instance }) => instance === leads) ?? null,
    isLeading: await isServingHeld(db, number),
    members,
  }
}

function memberOf(row: Row): Member {
  return {
    instance: text(row, 'instance'),
    name: text(row, 'name'),
    beat: integer(row, 'beat'),
  }
}
