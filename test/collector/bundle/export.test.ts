import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChildRecord, decodeChildRecord, keyPairFromSeed, silentLogger } from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import { exportBundle } from '../../../collector/src/bundle/export.ts'
import type { BundleHeader } from '../../../collector/src/bundle/format.ts'
import { placeOf } from '../../../collector/src/bundle/order.ts'
import { readBundle } from '../../../collector/src/bundle/read.ts'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import { Fleet, HOUR, MINUTE, T0, terms } from '../../conformance/fleet.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const KEYS = keyPairFromSeed(1, Buffer.alloc(32, 7))

function world(generation = 1) {
  const folder = tempDir()
  const outDir = tempDir()
  const store = openSqliteStoreInProcess({
    path: ':memory:',
    newLedger: {
      generation: generation as LedgerGeneration,
      origin: '0123456789abcdef',
      openedAtMs: 0,
      identityKeyNumber: 1,
      identityKey: 'ff'.repeat(32),
      isDemo: false,
    },
  })
  onTestFinished(() => store.close())
  const fleet = new Fleet(store)
  const clock = new FakeClock(T0 + 2 * HOUR)
  const make = (change: Partial<Parameters<typeof exportBundle>[0]> = {}) =>
    exportBundle({
      store,
      clock,
      log: silentLogger,
      identity: KEYS,
      folder,
      outDir,
      name: 'site one',
      parent: null,
      isFull: false,
      fromNumber: null,
      settings: { settledLagMs: 2 * MINUTE, hourDelayMs: 90_000 },
      ...change,
    })
  return { fleet, folder, make, outDir, store }
}

/** A site with one node of one card. */
async function startSite(fleet: Fleet): Promise<void> {
  await fleet.site('BJ-01')
  await fleet.cards(await fleet.node('BJ-01'), ['dd'.repeat(32)])
}

async function contentOf(file: string) {
  const result = await readBundle(file)
  if (result.status !== 'ok') throw new Error(result.sentence)
  const { bundle } = result
  const records: ChildRecord[] = []
  for await (const page of bundle.pages(10)) {
    for (const bytes of page) {
      const read = decodeChildRecord(bytes)
      if (read.status !== 'ok') throw new Error(read.sentence)
      records.push(read.record)
    }
  }
  await bundle.close()
  return { header: bundle.header, hash: bundle.hash, records }
}

function namesOf(records: readonly ChildRecord[]): string[] {
  return records.map((record) =>
    record.kind === 'site'
      ? `site ${record.site.name}`
      : record.kind === 'node'
        ? `node ${record.node.name}`
        : record.kind,
  )
}

function lastOf({ header, hash }: { header: BundleHeader; hash: string }) {
  return { number: header.number, hash, generation: header.generation }
}

const rename = { code: 'BJ-01', name: 'renamed', terms: terms(), outbox: [] }

describe('bundle export', () => {
  test('makes everything the first, then what has changed, each naming the one before', async () => {
    const { fleet, make, store } = world()
    await startSite(fleet)
    const first = await make()
    const one = await contentOf(first.file)
    expect(one.header).toMatchObject({ number: 1, previous: null, full: true, name: 'site one' })
    expect(namesOf(one.records)).toEqual([
      'collector',
      'site Site BJ-01',
      'node node-1',
      'hour',
      'counts',
    ])
    expect(first.records).toBe(5)
    await store.putSite(rename)
    const two = await contentOf((await make({ name: null })).file)
    expect(two.header).toMatchObject({
      number: 2,
      previous: one.hash,
      full: false,
      name: 'site one',
    })
    expect(namesOf(two.records)).toEqual(['collector', 'site renamed', 'hour', 'counts'])
    expect(placeOf(one.header, one.hash, null)).toEqual({ status: 'next' })
    expect(placeOf(two.header, two.hash, lastOf(one))).toEqual({ status: 'next' })
  })

  test('makes a lost one again, with all that came after it', async () => {
    const { fleet, make, store } = world()
    await startSite(fleet)
    const one = await contentOf((await make()).file)
    await store.putSite(rename)
    rmSync((await make()).file)
    await fleet.site('BJ-02')
    const three = await contentOf((await make()).file)
    expect(placeOf(three.header, three.hash, lastOf(one))).toEqual({
      status: 'gap',
      missing: { from: 2, to: 2 },
    })
    const again = await contentOf((await make({ fromNumber: 2 })).file)
    expect(again.header).toMatchObject({ number: 2, previous: one.hash, full: false })
    expect(namesOf(again.records)).toContain('site renamed')
    expect(namesOf(again.records)).toContain('site Site BJ-02')
    expect(placeOf(again.header, again.hash, lastOf(one))).toEqual({ status: 'next' })
    // The one after it goes on from there.
    const next = await contentOf((await make()).file)
    expect(next.header).toMatchObject({ number: 3, previous: again.hash })
    await expect(make({ fromNumber: 9 })).rejects.toMatchObject({ code: 'usage_invalid' })
  })

  test('makes a full one whenever it is asked to, which needs none before it', async () => {
    const { fleet, make } = world()
    await startSite(fleet)
    await make()
    await make()
    const full = await contentOf((await make({ isFull: true })).file)
    expect(full.header).toMatchObject({ number: 3, full: true })
    expect(namesOf(full.records)).toContain('node node-1')
    expect(placeOf(full.header, full.hash, null)).toEqual({ status: 'next' })
  })

  test('of a restored ledger is a full one under the next number', async () => {
    const before = world(1)
    await before.make()
    const after = world(2)
    await startSite(after.fleet)
    const made = await after.make({ folder: before.folder, name: null })
    const { header, records } = await contentOf(made.file)
    expect(header).toMatchObject({ number: 2, full: true, generation: 2 })
    const versions = records.flatMap((record) =>
      record.kind === 'node' ? record.node.version : [],
    )
    expect(versions).toMatchObject([{ generation: 2 }])
  })

  test('killed before the file has its name, the next one finishes it', async () => {
    const { fleet, folder, make } = world()
    await startSite(fleet)
    const { file } = await make()
    // As it is between the two: the book says where the file belongs, and it is not there yet.
    const book = JSON.parse(readFileSync(join(folder, 'made.json'), 'utf8'))
    renameSync(file, `${file}.partial`)
    const unplaced = { from: `${file}.partial`, to: file }
    writeFileSync(join(folder, 'made.json'), JSON.stringify({ ...book, unplaced }))
    const next = await make()
    expect(next).toMatchObject({ number: 2, finishedFile: file })
    expect(existsSync(file)).toBe(true)
    expect((await make()).finishedFile).toBe(null)
  })

  test('killed while it is written, leaves no number behind', async () => {
    const { fleet, make, outDir, store } = world()
    await startSite(fleet)
    await make()
    const failing = {
      ...store,
      readFeed: () => Promise.reject(new Error('the disk is gone')),
    }
    await expect(make({ store: failing })).rejects.toThrow('the disk is gone')
    const { file, number } = await make()
    expect(number).toBe(2)
    expect(file.startsWith(outDir)).toBe(true)
  })

  test('wants a name the first time', async () => {
    await expect(world().make({ name: null })).rejects.toMatchObject({ code: 'usage_invalid' })
  })
})
