/** A parent restored from yesterday: its children tell again what it lacks, and it is as it was. */
import { join } from 'node:path'
import { silentLogger } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { Roller } from '../../../collector/src/rollup/roller.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { instantOf } from '../../conformance/fleet.ts'
import { ChildTeller, strongId } from '../../support/child-teller.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const T0 = Date.UTC(2026, 2, 1)
const HOUR = 3_600_000
const HOURS = 8
const FULL = BigInt(HOUR)

function openAt(path: string): Store {
  return openSqliteStoreInProcess({
    path,
    newLedger: {
      generation: 1 as LedgerGeneration,
      origin: '0123456789abcdef',
      openedAtMs: T0,
      identityKeyNumber: 1,
      identityKey: 'ff'.repeat(32),
      isDemo: false,
    },
  })
}

type Told = readonly (readonly [atMs: number, record: Parameters<ChildTeller['tell']>[1][number]])[]

/** All that one child ever says, in its order, and when. */
function storyOf(child: ChildTeller, siteCode: string, shared: boolean): Told {
  const identities = shared ? [strongId('card')] : []
  const story: (readonly [number, Parameters<ChildTeller['tell']>[1][number]])[] = [
    [T0, child.collector()],
    [T0, child.site(siteCode)],
    [T0, child.node('n1', siteCode, [{ validFromMs: T0, identities }, { validFromMs: T0 }])],
  ]
  for (let hour = 0; hour < HOURS; hour += 1) {
    const hourMs = T0 + hour * HOUR
    const freeMs = (FULL * BigInt(hour)) / 8n
    const bucket = { cards: 2, freeMs, busyMs: 2n * FULL - freeMs }
    const state = hour % 2 === 0 ? ('free' as const) : ('busy' as const)
    story.push([hourMs, child.counts(siteCode, hourMs, [{ cards: 2, state }])])
    story.push([hourMs + HOUR, child.hour(siteCode, hourMs, [bucket])])
  }
  // An hour long sealed is corrected there.
  const late = [{ cards: 2, unknownMs: 2n * FULL }]
  story.push([T0 + HOURS * HOUR, child.hour(siteCode, T0 + HOUR, late)])
  return story
}

async function figuresOf(store: Store, roller: Roller): Promise<unknown> {
  await roller.drain()
  const range = { fromMs: T0, toMs: T0 + HOURS * HOUR, knownAtMs: T0 + 100 * HOUR }
  const buckets = await store.readBuckets(SCOPE_ALL, range)
  const instants = await Promise.all(
    Array.from({ length: HOURS }, (_, hour) =>
      store.readLedgerAt(SCOPE_ALL, instantOf(T0 + hour * HOUR + 1, T0 + 100 * HOUR)),
    ),
  )
  return {
    buckets: buckets.map(({ knownAtMs: _known, version: _version, ...figures }) => figures),
    states: instants.map(({ counts }) =>
      counts.map(({ cards, siteCode, state }) => [siteCode, state, cards]),
    ),
    conflicts: (await store.readChildQuality(SCOPE_ALL, 0)).conflicts.length,
    sites: (await store.listSites(SCOPE_ALL)).map(({ code }) => code),
  }
}

test('figures of a restored parent are those of one that was never lost', async () => {
  const folder = tempDir()
  const clock = new FakeClock(T0)
  const store = openAt(join(folder, 'ledger.sqlite'))
  const rollerOver = (over: Store) => new Roller({ store: over, clock, logger: silentLogger })
  const children = [
    await new ChildTeller(store, 'a').enroll(T0),
    await new ChildTeller(store, 'b').enroll(T0),
  ]
  const stories = children.map((child, index) => storyOf(child, `S-0${index}`, true))
  const backupPath = join(folder, 'backup.sqlite')
  const nowMs = T0 + (HOURS + 4) * HOUR
  for (let hour = 0; hour <= HOURS; hour += 1) {
    clock.advance(T0 + hour * HOUR - clock.wallMs())
    for (const [index, child] of children.entries()) {
      const due = (stories[index] ?? []).filter(([atMs]) => atMs === clock.wallMs())
      for (const [atMs, record] of due) expect(await child.tell(atMs, [record])).toEqual([])
      await child.heard(clock.wallMs())
    }
    await rollerOver(store).drain()
    if (hour === 4) await store.backup(backupPath)
  }
  clock.advance(nowMs - clock.wallMs())
  for (const child of children) await child.heard(nowMs)
  const before = await figuresOf(store, rollerOver(store))
  expect(before).toMatchObject({ conflicts: 1, sites: ['S-00', 'S-01'] })

  const restored = openAt(backupPath)
  for (const [index, digit] of ['a', 'b'].entries()) {
    const story = stories[index] ?? []
    const child = new ChildTeller(restored, digit)
    // What it is known to have told is behind what it has told: it goes on from there.
    await child.connect(nowMs, story.length)
    expect(child.watermark).toBeLessThan(story.length)
    const lacking = story.slice(child.watermark)
    for (const [, record] of lacking) expect(await child.tell(nowMs, [record])).toEqual([])
    await child.heard(nowMs)
    // Another child tells all of it once more, under a stream of its own: nothing is added up.
    child.epoch = `again-${digit}`
    await child.connect(nowMs, story.length)
    for (const [, record] of story) expect(await child.tell(nowMs, [record])).toEqual([])
    await child.heard(nowMs)
  }
  expect(await figuresOf(restored, rollerOver(restored))).toEqual(before)
  await Promise.all([store.close(), restored.close()])
})
