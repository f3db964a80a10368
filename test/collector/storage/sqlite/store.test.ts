/** Life cycle of the store: threads, their death, the serving lock, copies, a full disk. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SCOPE_ALL } from '../../../../collector/src/storage/requests.ts'
import { coreOver } from '../../../../collector/src/storage/sqlite/core.ts'
import { createLedger } from '../../../../collector/src/storage/sqlite/ledger.ts'
import { migrate } from '../../../../collector/src/storage/sqlite/migrate.ts'
import {
  inProcessStore,
  openSqliteStore,
  openSqliteStoreInProcess,
} from '../../../../collector/src/storage/sqlite/store.ts'
import { StoreThread } from '../../../../collector/src/storage/sqlite/thread.ts'
import type { Store } from '../../../../collector/src/storage/store.ts'
import { bookCommit, Fleet, MINUTE, note, T0, terms } from '../../../conformance/fleet.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { connect, DRIVERS, NEW_LEDGER } from './support.ts'

function ledgerPath(): string {
  return join(tempDir(), 'ledger.sqlite')
}

function closing<One extends Store>(store: One): One {
  onTestFinished(() => store.close())
  return store
}

function site(code: string) {
  return { code, name: code, terms: terms(), outbox: [note('site_changed')] }
}

describe('a file', () => {
  test('keeps its ledger and its rows when it is opened again', async () => {
    const path = ledgerPath()
    const first = await openSqliteStore({ path, newLedger: NEW_LEDGER })
    await first.putSite(site('BJ-01'))
    await first.close()
    const other = { ...NEW_LEDGER, origin: 'another', isDemo: true }
    const second = closing(openSqliteStoreInProcess({ path, newLedger: other }))
    expect(await second.ledgerState()).toEqual(NEW_LEDGER)
    expect(await second.listSites(SCOPE_ALL)).toMatchObject([{ code: 'BJ-01' }])
  })

  test('is served by one store, while commands may write beside it', async () => {
    const path = ledgerPath()
    const options = { path, newLedger: NEW_LEDGER }
    const serving = closing(await openSqliteStore({ ...options, isServing: true }))
    const rival = openSqliteStore({ ...options, isServing: true })
    await expect(rival).rejects.toMatchObject({
      code: 'disk_locked',
      message: 'Another collector is serving this ledger.',
    })
    const command = closing(openSqliteStoreInProcess(options))
    await command.putSite(site('BJ-01'))
    expect(await serving.listSites(SCOPE_ALL)).toHaveLength(1)
    await serving.close()
    await closing(await openSqliteStore({ ...options, isServing: true })).ledgerState()
  })

  test('that is not a database is refused with its reason', async () => {
    const path = ledgerPath()
    writeFileSync(path, 'not a database at all, but long enough to be read as a header'.repeat(20))
    const opened = openSqliteStore({ path, newLedger: NEW_LEDGER })
    await expect(opened).rejects.toMatchObject({ code: 'disk_failed' })
  })

  test('served anew has no session connected any more', async () => {
    const options = { path: ledgerPath(), newLedger: NEW_LEDGER, isServing: true }
    const first = openSqliteStoreInProcess(options)
    const node = await new Fleet(first).start('BJ-01')
    await first.close()
    const second = closing(openSqliteStoreInProcess(options))
    expect((await second.findNode(SCOPE_ALL, node.nodeId))?.session).toMatchObject({
      isConnected: false,
      endedReason: 'collector_stopped',
    })
  })
})

describe('threads', () => {
  test('what was written is read at once, from another thread', async () => {
    const options = { path: ledgerPath(), newLedger: NEW_LEDGER, readers: 2 }
    const store = closing(await openSqliteStore(options))
    for (const code of ['A-1', 'B-2', 'C-3']) {
      await store.putSite(site(code))
      const seen = await Promise.all([store.listSites(SCOPE_ALL), store.listSites(SCOPE_ALL)])
      for (const sites of seen) expect(sites.map((one) => one.code)).toContain(code)
    }
  })

  test('closing waits for what is under way, and may be asked twice', async () => {
    const path = ledgerPath()
    const store = await openSqliteStore({ path, newLedger: NEW_LEDGER })
    const written = store.putSite(site('BJ-01'))
    await Promise.all([store.close(), store.close()])
    await written
    await expect(store.listSites(SCOPE_ALL)).rejects.toMatchObject({ code: 'store_unavailable' })
    const again = closing(openSqliteStoreInProcess({ path, newLedger: NEW_LEDGER }))
    expect(await again.listSites(SCOPE_ALL)).toHaveLength(1)
  })

  test('it tells what waits in its threads, writers and readers apart', async () => {
    const store = closing(await openSqliteStore({ path: ledgerPath(), newLedger: NEW_LEDGER }))
    const asked = [store.putSite(site('BJ-01')), store.listSites(SCOPE_ALL), store.listTokens()]
    expect(store.load()).toEqual({ writes: 1, reads: 2 })
    await Promise.all(asked)
    expect(store.load()).toEqual({ writes: 0, reads: 0 })
  })

  test('an argument that cannot be cloned fails its call and no other', async () => {
    const store = closing(await openSqliteStore({ path: ledgerPath(), newLedger: NEW_LEDGER }))
    const broken = { ...site('BJ-01'), extra: () => {} }
    await expect(store.putSite(broken)).rejects.toThrow('could not be cloned')
    expect(await store.listSites(SCOPE_ALL)).toEqual([])
  })

  test('a thread that dies fails what was asked of it and what will be, and says so once', async () => {
    const deaths: string[] = []
    const thread = new StoreThread('store-writer', (error) => deaths.push(error.code))
    const core = { path: ledgerPath(), driver: 'better-sqlite3', synchronous: 'FULL' } as const
    await thread.open({
      role: 'writer',
      options: { ...core, newLedger: NEW_LEDGER, isServing: false },
    })
    const pending = thread.call('ledgerState', [])
    const [result] = await Promise.allSettled([pending, thread.terminate()])
    expect(result).toMatchObject({ reason: { code: 'store_unavailable' } })
    await expect(thread.call('ledgerState', [])).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    expect(deaths).toEqual(['store_unavailable'])
    await thread.close()
  })

  test('writes that come together are each kept or undone, and a read sees those before it', async () => {
    const store = closing(await openSqliteStore({ path: ledgerPath(), newLedger: NEW_LEDGER }))
    const empty = { ...site('BAD'), terms: terms({ validToMs: terms().validFromMs }) }
    const fleet = new Fleet(store)
    const node = await fleet.start('BJ-01')
    const answers = await Promise.allSettled([
      ...Array.from({ length: 100 }, (_, number) => store.putSite(site(`A-${number}`))),
      store.putSite(empty),
      store.commitIngest([bookCommit(node, 'free/proven', T0 + MINUTE)]),
      store.loadNode(node.nodeId),
      store.putSite(site('Z-1')),
    ])
    const failed = answers.flatMap((one, at) => (one.status === 'rejected' ? [at] : []))
    expect(failed).toEqual([100])
    expect(answers[102]).toMatchObject({ value: { open: { timelineEndMs: T0 + MINUTE } } })
    const codes = (await store.listSites(SCOPE_ALL)).map((one) => one.code)
    expect(codes).toHaveLength(102)
    expect(codes).not.toContain('BAD')
  })

  test('bugs stay bugs on their way between threads', async () => {
    const store = closing(await openSqliteStore({ path: ledgerPath(), newLedger: NEW_LEDGER }))
    const empty = { ...site('BJ-01'), terms: terms({ validToMs: terms().validFromMs }) }
    await expect(store.putSite(empty)).rejects.toMatchObject({ name: 'AssertionFailure' })
  })
})

describe.each(DRIVERS)('%s', (driver) => {
  test('a full disk that ends a transaction ends it for all who wrote in it', () => {
    const db = connect(ledgerPath(), driver)
    migrate(db)
    createLedger(db, NEW_LEDGER)
    const core = coreOver(db, () => {})
    onTestFinished(() => core.close())
    const put = (code: string) => ({ method: 'putSite', args: [site(code)] }) as const
    const long = { ...site('LONG'), name: 'x'.repeat(1_000_000) }
    const pages = Number(db.get('PRAGMA page_count')?.page_count)
    db.exec(`PRAGMA max_page_count = ${pages + 2}`)
    const calls = [put('A'), { method: 'putSite', args: [long] }, put('B')] as const
    const codesAfter = () => {
      const sites = core.call('listSites', [SCOPE_ALL]) as readonly { readonly code: string }[]
      return sites.map((one) => one.code)
    }
    let outcome: unknown = null
    try {
      outcome = core.callTogether(calls).map((one) => one.status)
    } catch (error) {
      outcome = error
    }
    // Which of the two it is the disk decides: what is answered as written is there.
    const isUndone = !Array.isArray(outcome)
    if (isUndone) expect(outcome).toMatchObject({ code: 'disk_full' })
    else expect(outcome).toEqual(['result', 'error', 'result'])
    expect(codesAfter()).toEqual(isUndone ? [] : ['A', 'B'])
    db.exec('PRAGMA max_page_count = 1000000')
    expect(core.callTogether(calls).map((one) => one.status)).toEqual([
      'result',
      'result',
      'result',
    ])
    expect(codesAfter()).toEqual(['A', 'B', 'LONG'])
  })

  test('a copy is whole, and does not overwrite', async () => {
    const options = { path: ledgerPath(), newLedger: NEW_LEDGER, driver }
    const store = closing(await openSqliteStore(options))
    await store.putSite(site('BJ-01'))
    const copy = ledgerPath()
    await store.backup(copy)
    await store.putSite(site('BJ-02'))
    await expect(store.backup(copy)).rejects.toMatchObject({ code: 'conflict' })
    expect(existsSync(`${copy}.partial`)).toBe(false)
    const restored = closing(openSqliteStoreInProcess({ ...options, path: copy }))
    expect((await restored.listSites(SCOPE_ALL)).map((one) => one.code)).toEqual(['BJ-01'])
    expect(await restored.readOutbox(10)).toHaveLength(1)
  })

  test('a copy into a folder that is not there is a failure of the disk', async () => {
    const options = { path: ledgerPath(), newLedger: NEW_LEDGER, driver }
    const store = closing(openSqliteStoreInProcess(options))
    const path = join(tempDir(), 'none', 'copy.sqlite')
    await expect(store.backup(path)).rejects.toMatchObject({ code: 'disk_failed' })
  })

  test('a full disk loses nothing acknowledged, and ingest goes on afterwards', async () => {
    const db = connect(ledgerPath(), driver)
    migrate(db)
    createLedger(db, NEW_LEDGER)
    const fleet = new Fleet(closing(inProcessStore(coreOver(db, () => {}))))
    const node = await fleet.start('BJ-01', 2)
    await fleet.book(node, 'free/proven', T0 + MINUTE)
    const pages = Number(db.get('PRAGMA page_count')?.page_count)
    db.exec(`PRAGMA max_page_count = ${pages}`)
    const refused = {
      nodeId: node.nodeId,
      epoch: node.epoch,
      seq: 3,
      code: 'record_future',
      sentence: 'x'.repeat(400),
      refusedAtMs: T0,
      bytes: new Uint8Array(4096),
    }
    const many = Array.from({ length: 50 }, (_, seq) => ({ ...refused, seq }))
    const commit = { ...bookCommit(node, 'busy/active', T0 + 2 * MINUTE), refused: many }
    await expect(fleet.store.commitIngest([commit])).rejects.toMatchObject({ code: 'disk_full' })
    const state = await fleet.store.loadNode(node.nodeId)
    expect(state?.epoch?.watermark).toBe(node.watermark)
    expect(state?.open?.timelineEndMs).toBe(T0 + MINUTE)
    db.exec('PRAGMA max_page_count = 1000000')
    expect(await fleet.store.commitIngest([commit])).toMatchObject([{ status: 'committed' }])
    expect((await fleet.store.loadNode(node.nodeId))?.open?.timelineEndMs).toBe(T0 + 2 * MINUTE)
  })
})
