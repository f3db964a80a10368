/**
 * C15: the collector is restored from 10:00 after a crash at 12:20. Agents resend what they had been
 * told was taken; timeline and hours come out as they were, sealed again and known from then on. The
 * lease L7, posted in between, is the bank's again, and its card is not granted twice.
 */
import { join } from 'node:path'
import { MEASURED_STATES } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { DrawResult } from '../../collector/src/bank/draw-desk.ts'
import type { Draw, DrawRequest } from '../../collector/src/model/draw.ts'
import type { Bucket } from '../../collector/src/model/ledger.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { CheckpointRoots } from '../simulation/checkpoint-roots.ts'
import { viewLedger } from '../simulation/ledger-view.ts'
import { HOUR_8_MS, SimWorld } from '../simulation/world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const BACKUP_MS = HOUR_8_MS + 2 * HOUR
const CRASH_MS = HOUR_8_MS + 4 * HOUR + 20 * MINUTE
/** What is told by then is told before the crash. */
const UNTIL_MS = CRASH_MS - 5 * MINUTE

test('C15: after a restore the timeline and the hours are what they were, and nothing is granted yet', async () => {
  await using world = new SimWorld({ seed: 15 })
  await world.collector.start()
  await world.run(100)
  const nodes = [
    await world.addNode({ cards: ['a-0', 'a-1'] }),
    await world.addNode({ cards: ['b-0'], settings: { phase: 0.5 } }),
  ]
  await world.run(BACKUP_MS - world.nowMs)
  const backup = join(world.folder, 'backup.sqlite')
  await world.collector.life.store.store.backup(backup)
  // Between backup and crash a node boots anew and one is cut off for a while.
  await world.run(40 * MINUTE)
  nodes[0]?.kill(true)
  await world.run(3 * MINUTE)
  nodes[0]?.start()
  nodes[1]?.line.setState('cut')
  await world.run(10 * MINUTE)
  nodes[1]?.line.setState('up')
  await world.run(CRASH_MS - world.nowMs)
  const timelineBefore = await timeline(world)
  const hoursBefore = await hours(world)
  // 08:00 to 12:00; all of it is one kind of card of one owner at one site.
  expect(hoursBefore.length).toBe(4)

  await world.restoreCollector(backup)
  expect(await world.store.isRecovering()).toBe(true)
  await world.run(20 * MINUTE)
  // Both nodes have told, and there is no bank.
  expect(await world.store.isRecovering()).toBe(false)
  expect(await timeline(world)).toEqual(timelineBefore)
  expect(await hours(world)).toEqual(hoursBefore)
  const seals = await world.store.sealedHours(BACKUP_MS, CRASH_MS)
  expect(seals.every(({ sealedAtMs }) => sealedAtMs >= CRASH_MS)).toBe(true)
  for (const node of nodes) {
    expect(node.isRefused).toBe(false)
    expect(node.life.agent.status().collector.state).toBe('online')
  }
  for (const view of await viewLedger(world)) expect(view.epochs).toHaveLength(1)
  expect(world.problems).toEqual([])
  expect(new CheckpointRoots().problems(world.collector.signedNotes)).toEqual([])
  const origins = new Set(world.collector.signedNotes.map((note) => note.split('\n', 1)[0]))
  expect(origins.size).toBe(2)
}, 120_000)

test('C15: a lease posted after the backup is found again, and its card is granted to nobody else', async () => {
  await using world = new SimWorld({ seed: 7, collector: { bank: { observingMs: 1_000 } } })
  for (const key of ['a-0', 'a-1']) world.cards.play(key, () => 'idle')
  await world.collector.start()
  await world.run(100)
  const node = await world.addNode({ cards: ['a-0', 'a-1'], settings: { failures: 0 } })
  await world.run(30 * MINUTE)
  const backup = join(world.folder, 'backup.sqlite')
  await world.collector.life.store.store.backup(backup)
  const draws = () => world.collector.life.collector.draws
  const held = await world.until(draws().hold(drawOf('L7', 1), SCOPE_ALL))
  expect(held).toMatchObject({ status: 'done', draw: { state: 'held' } })
  const posted = await world.until(draws().post('L7'))
  if (posted.status !== 'done') throw new Error(`L7 was not posted: ${posted.refusal.code}`)
  await world.run(10 * MINUTE)

  node.line.setState('cut')
  await world.restoreCollector(backup)
  await world.run(MINUTE)
  // Nobody has told yet: neither is L7 known, nor is anything else granted.
  for (const drawId of ['L7', 'other']) {
    expect(await world.until(draws().hold(drawOf(drawId, 1), SCOPE_ALL))).toMatchObject({
      status: 'refused',
      refusal: { code: 'recovering' },
    })
  }
  world.collector.life.collector.recovery.bankTold()
  node.line.setState('up')
  const again = await world.until(
    untilDone(() => draws().hold(drawOf('L7', 1), SCOPE_ALL)),
    // The longest wait of a link.
    10 * MINUTE,
  )
  const lease = ({ leases, claims }: Draw) => [
    leases.map(({ leaseId, startMs, untilMs }) => [leaseId, startMs, untilMs]),
    claims.map(({ acceleratorId }) => acceleratorId),
  ]
  expect(lease(again)).toEqual(lease(posted.draw))
  await world.run(30 * MINUTE)
  expect(await world.store.isRecovering()).toBe(false)
  expect(await world.until(draws().post('L7'))).toMatchObject({ status: 'done', isRepeat: true })

  const both = await world.until(draws().hold(drawOf('both', 2), SCOPE_ALL))
  expect(both).toMatchObject({ status: 'refused', refusal: { code: 'not_enough' } })
  const one = await world.until(draws().hold(drawOf('one', 1), SCOPE_ALL))
  expect(one).toMatchObject({ status: 'done' })
  expect(one.draw?.claims[0]?.acceleratorId).not.toBe(posted.draw.claims[0]?.acceleratorId)
  expect(world.problems).toEqual([])

  /** Asked again until the node has told. */
  async function untilDone(ask: () => Promise<DrawResult>): Promise<Draw> {
    for (;;) {
      const result = await ask()
      if (result.status === 'done') return result.draw
      await new Promise<void>((resolve) => world.fate.clock.after(100, resolve))
    }
  }
}, 120_000)

function drawOf(drawId: string, cards: number): DrawRequest & { readonly startMs: null } {
  return {
    drawId,
    bank: 'bank',
    borrower: 'lab',
    contract: 'c-1',
    what: {
      kind: 'pool',
      vendor: null,
      model: null,
      isDomestic: null,
      memoryGibMin: null,
      siteCode: null,
      regionCode: null,
      hub: null,
      cards,
      cardsMin: null,
      cardsPerNode: null,
      isSameSite: false,
    },
    startMs: null,
    forMs: 8 * HOUR,
    holdMs: 60_000,
    swap: 'never',
    confidencePpm: null,
    isUnfencedTaken: true,
    isKeptInSilence: true,
  }
}

/** What each card did up to shortly before the crash, however its runs are cut. */
async function timeline(world: SimWorld): Promise<unknown> {
  const views = await viewLedger(world)
  return views.flatMap(({ name, units }) =>
    units.map(({ identityHash, span, unit }) => {
      const runs: { code: number; startMs: number; endMs: number }[] = []
      for (const { code, endMs, startMs } of span.runs) {
        if (startMs >= UNTIL_MS) continue
        const last = runs.at(-1)
        if (last?.code === code && last.endMs === startMs) last.endMs = Math.min(endMs, UNTIL_MS)
        else runs.push({ code, startMs, endMs: Math.min(endMs, UNTIL_MS) })
      }
      return { name, identityHash, validFromMs: unit.validFromMs, runs }
    }),
  )
}

/** Of each whole hour before the crash, what is known of it now; less what the bank decided in it. */
async function hours(world: SimWorld): Promise<readonly unknown[]> {
  const range = { fromMs: HOUR_8_MS, toMs: HOUR_8_MS + 4 * HOUR, knownAtMs: world.nowMs }
  const buckets = await world.store.readBuckets(SCOPE_ALL, range)
  return buckets.map((bucket: Bucket) => ({
    hourMs: bucket.hourMs,
    cards: bucket.cards,
    states: MEASURED_STATES.map((state) => bucket[`${state}Ms`]),
    activeMs: bucket.activeMs,
    givenMs: bucket.givenMs,
    energyJoules: bucket.energyJoules,
    samples: [bucket.samplesExpected, bucket.samplesGot, bucket.samplesZero],
  }))
}
