/** A ledger that moves from its file to a database: whole, or not at all, and never in two places. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { LedgerGeneration } from '../../../../collector/src/model/ids.ts'
import { moveLedger, placeOf } from '../../../../collector/src/storage/move/move.ts'
import { openPostgresStore } from '../../../../collector/src/storage/postgres/store.ts'
import { SCOPE_ALL } from '../../../../collector/src/storage/requests.ts'
import { openConnection } from '../../../../collector/src/storage/sqlite/driver.ts'
import { markMoving } from '../../../../collector/src/storage/sqlite/moved.ts'
import { openSqliteStoreInProcess } from '../../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../../collector/src/storage/store.ts'
import { statement } from '../../../support/postgres.ts'
import { memberOn } from '../../../support/postgres-store.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { IDENTITY } from '../../journal/export-support.ts'
import { database, drawnFile, livedFolder, moveOptions, NOW_MS } from './support.ts'

const OTHER = {
  generation: 1 as LedgerGeneration,
  origin: 'ee'.repeat(16),
  openedAtMs: NOW_MS,
  identityKeyNumber: 1,
  identityKey: 'ff'.repeat(32),
  isDemo: false,
}

async function withStore<Result>(store: Store, ask: (store: Store) => Promise<Result>) {
  try {
    return await ask(store)
  } finally {
    await store.close()
  }
}

function inFile<Result>(path: string, ask: (store: Store) => Promise<Result>): Promise<Result> {
  return withStore(openSqliteStoreInProcess({ path, newLedger: OTHER }), ask)
}

async function inDatabase<Result>(url: string, ask: (store: Store) => Promise<Result>) {
  return await withStore(await openPostgresStore({ url, newLedger: OTHER }), ask)
}

async function told(store: Store) {
  const page = { cursor: null, limit: 500 }
  return {
    ledger: await store.ledgerState(),
    head: await store.journalHead(),
    journal: (await store.readJournal(0, 500)).map(({ hash, seq }) => ({ hash, seq })),
    outbox: await store.readOutbox(500),
    units: (await store.listUnits(SCOPE_ALL, page)).rows,
    deposits: (await store.listDeposits(SCOPE_ALL, false, page)).rows,
    draws: (await store.listDraws(SCOPE_ALL, { states: 'all', bank: null, borrower: null }, page))
      .rows,
    tokens: await store.listTokens(),
    seals: await store.sealedHours(0, NOW_MS),
  }
}

describe('a ledger with a past', () => {
  test('is the same in the database, entry by entry', async () => {
    const path = join(await livedFolder(), 'ledger.sqlite')
    const before = await inFile(path, told)
    const url = await database()
    const result = await moveLedger(moveOptions(path, url))
    expect(before.seals.length).toBeGreaterThan(0)
    expect(before.deposits.length).toBeGreaterThan(0)
    expect(result).toMatchObject({
      status: 'moved',
      journal: { entries: before.head.seq, hash: before.head.hash },
    })
    expect(await inDatabase(url, told)).toEqual(before)
    const inMonths = `SELECT count(*)::int AS rows FROM unit_hours
      WHERE tableoid <> 'unit_hours_before'::regclass`
    expect(await statement(url, inMonths)).not.toEqual([{ rows: 0 }])
  })

  test('keeps its draws, and gives no number twice', async () => {
    const path = await drawnFile()
    const before = await inFile(path, told)
    expect(before.draws.map(({ state }) => state).toSorted()).toMatchObject({ length: 4 })
    const url = await database()
    await moveLedger(moveOptions(path, url))
    await inDatabase(url, async (store) => {
      expect(await told(store)).toEqual(before)
      expect(await store.auditDraws()).toEqual([])
      const lastId = before.outbox.at(-1)?.outboxId ?? 0
      expect(lastId).toBeGreaterThan(0)
      await store.createToken(
        {
          ...{ tokenId: 'after', kind: 'access', secretHash: '00'.repeat(32), siteCode: null },
          ...{ role: 'admin', regionCode: null, cidr: null, usesLeft: null },
          ...{ createdAtMs: NOW_MS, expiresAtMs: NOW_MS + 1, revokedAtMs: null },
        },
        [{ kind: 'token_created', atMs: NOW_MS, payload: {} }],
      )
      expect((await store.readOutbox(500)).at(-1)?.outboxId).toBe(lastId + 1)
    })
    const old = new DatabaseSync(path, { readOnly: true })
    const given = old.prepare('SELECT name, seq FROM sqlite_sequence WHERE seq > 0').all()
    const numbers = old.prepare("SELECT value FROM counters WHERE name = 'change_seq'").get()
    old.close()
    expect(await statement(url, 'SELECT change_seq FROM numbers')).toEqual([
      { change_seq: String(numbers?.value) },
    ])
    for (const { name, seq } of given) {
      const [row] = await statement(
        url,
        `SELECT last_value FROM pg_sequences WHERE sequencename LIKE '${name}\\_%'`,
      )
      if (row !== undefined) expect(row).toEqual({ last_value: String(seq) })
    }
    expect(given.length).toBeGreaterThan(4)
  })

  test('is opened from its file no more, and the file says where it went', async () => {
    const path = join(await livedFolder(), 'ledger.sqlite')
    const url = await database()
    await moveLedger(moveOptions(path, url))
    const to = placeOf(url)
    expect(() => openSqliteStoreInProcess({ path, newLedger: OTHER })).toThrow(
      expect.objectContaining({ code: 'conflict', message: expect.stringContaining(to) }),
    )
    await expect(moveLedger(moveOptions(path, await database()))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`was moved to ${to}`),
    })
  })

  test('is bound to the key that signs for it', async () => {
    const path = join(await livedFolder(), 'ledger.sqlite')
    const url = await database()
    await moveLedger(moveOptions(path, url))
    const serve = (publicKey: string | null) =>
      memberOn(url, 'one', { publicKey, make: () => 'aa' })
    await expect(serve(null)).rejects.toMatchObject({ code: 'state_missing' })
    await (await serve(IDENTITY.publicKey)).close()
  })
})

test('a place is told without who may go there', () => {
  expect(placeOf('postgresql://me:secret@one:5432,two:5433/ledger?password=other')).toBe(
    'postgresql://one:5432,two:5433/ledger',
  )
})

describe('nothing is moved', () => {
  test('while somebody has the ledger open', async () => {
    const path = join(await livedFolder(), 'ledger.sqlite')
    const url = await database()
    for (const isServing of [true, false]) {
      const store = openSqliteStoreInProcess({ path, newLedger: OTHER, isServing })
      await expect(moveLedger(moveOptions(path, url))).rejects.toMatchObject({
        code: 'disk_locked',
      })
      await store.close()
    }
  })

  test('into a database that holds another ledger, or something else', async () => {
    const path = join(await livedFolder(), 'ledger.sqlite')
    const used = await database()
    await moveLedger(moveOptions(await drawnFile(), used))
    await expect(moveLedger(moveOptions(path, used))).rejects.toMatchObject({ code: 'conflict' })
    const foreign = await database()
    await statement(foreign, 'CREATE TABLE invoices (number bigint)')
    await expect(moveLedger(moveOptions(path, foreign))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('invoices'),
    })
    expect(await statement(foreign, "SELECT to_regclass('sites') AS found")).toEqual([
      { found: null },
    ])
    const served = await database()
    const serving = await memberOn(served, 'one', { publicKey: null, make: () => 'aa' })
    await expect(moveLedger(moveOptions(path, served))).rejects.toMatchObject({ code: 'conflict' })
    await serving.close()
    await inFile(path, told)
  })

  test('of a ledger whose journal does not hold, and the database stays empty', async () => {
    const path = join(await livedFolder(), 'ledger.sqlite')
    const whole = join(tempDir(), 'ledger.sqlite')
    cpSync(path, whole)
    const file = new DatabaseSync(path)
    file.exec(`UPDATE journal SET hash = '${'0'.repeat(64)}' WHERE seq = 2`)
    file.close()
    const url = await database()
    await expect(moveLedger(moveOptions(path, url))).rejects.toMatchObject({
      code: 'verification_failed',
    })
    await inFile(path, told)
    expect(await moveLedger(moveOptions(whole, url))).toMatchObject({ status: 'moved' })
  })
})

test('a fresh ledger that a command has begun in the database is in nobody’s way', async () => {
  const path = join(await livedFolder(), 'ledger.sqlite')
  const url = await database()
  const fresh = await inDatabase(url, (store) => store.ledgerState())
  expect(fresh.origin).toBe(OTHER.origin)
  await moveLedger(moveOptions(path, url))
  expect((await inDatabase(url, (store) => store.ledgerState())).origin).not.toBe(OTHER.origin)
})

describe('a move that was broken off at its end', () => {
  function marked(path: string, url: string): void {
    const driver = 'better-sqlite3'
    const db = openConnection({ path, driver, isReader: false, synchronous: 'FULL' })
    markMoving(db, placeOf(url), NOW_MS)
    db.close()
  }

  test('before the database had the ledger begins anew', async () => {
    const path = await drawnFile()
    const url = await database()
    marked(path, url)
    expect(() => openSqliteStoreInProcess({ path, newLedger: OTHER })).toThrow('once more')
    await expect(moveLedger(moveOptions(path, await database()))).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await moveLedger(moveOptions(path, url))).toMatchObject({ status: 'moved' })
  })

  test('when the database had it is found to be done', async () => {
    const path = await drawnFile()
    const url = await database()
    await moveLedger(moveOptions(path, url))
    marked(path, url)
    const before = await inDatabase(url, told)
    expect(await moveLedger(moveOptions(path, url))).toEqual({
      status: 'was_moved',
      to: placeOf(url),
    })
    expect(await inDatabase(url, told)).toEqual(before)
    expect(() => openSqliteStoreInProcess({ path, newLedger: OTHER })).toThrow('was moved to')
  })
})
