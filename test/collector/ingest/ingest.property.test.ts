/**
 * Whatever a node lives through, in whatever batches, over whatever reconnects, restarts and
 * repeats it is told: the ledger balances, holds every number once, and comes out the same.
 */
import { runName } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StoredRun } from '../../../collector/src/model/timeline.ts'
import { CollectorRig, cardFacts, HOUR, MINUTE, type RigAgent, START_MS } from '../gateway/rig.ts'

const anyEvent = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('ticks' as const),
      name: fc.constantFrom('free/proven', 'busy/active', 'unknown/probe'),
      count: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('gap' as const),
      minutes: fc.integer({ min: 0, max: 120 }),
      reboots: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('facts' as const),
      cards: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'garbage' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'veto' as const }) },
)
type Event = typeof anyEvent extends fc.Arbitrary<infer Value> ? Value : never

/** Fills the agent's spool with what happened. */
function live(agent: RigAgent, events: readonly Event[]): void {
  let boot = 1
  agent.keepGap(agent.timelineEndMs, 'epoch')
  agent.keepFacts([cardFacts(1, 1), cardFacts(2, 2)])
  for (const event of events) {
    switch (event.kind) {
      case 'ticks':
        agent.keepTicks(event.name as 'free/proven', event.count)
        break
      case 'gap':
        if (event.reboots) boot += 1
        agent.bootId = `boot-${boot}`
        agent.keepGap(agent.timelineEndMs + event.minutes * MINUTE)
        break
      case 'facts':
        agent.keepFacts(event.cards.map((id) => cardFacts(id, id)))
        break
      case 'garbage':
        agent.keep(Uint8Array.of(0xff, 0x01))
        agent.timelineEndMs += MINUTE
        break
      case 'veto':
        agent.keep({
          kind: 'veto',
          veto: { atMs: agent.timelineEndMs, kind: 'reclaim', units: [] },
        })
        break
    }
  }
}

/** Runs as they tell time: each batch of late data is a run of its own, with its own time of receipt. */
function joined(runs: readonly StoredRun[]) {
  const all: { name: string; startMs: number; endMs: number; isLate: boolean }[] = []
  for (const { code, startMs, endMs, recordedAtMs } of runs) {
    const one = { name: runName(code), startMs, endMs, isLate: recordedAtMs !== null }
    const before = all.at(-1)
    if (before?.name === one.name && before.endMs === startMs && before.isLate === one.isLate) {
      before.endMs = endMs
    } else {
      all.push(one)
    }
  }
  return all
}

/** All that is stored of a node, without numbers of writes and times of receipt. */
async function stored(rig: CollectorRig, agent: RigAgent) {
  const { open, silences, epoch } = await rig.state(agent.nodeId)
  const spans = await rig.spans(agent.nodeId)
  const hours = spans.flatMap(({ unit }) =>
    Array.from({ length: 48 }, (_, hour) => ({
      unitId: unit.unitId,
      hourMs: START_MS + hour * HOUR,
    })),
  )
  return {
    open: {
      ...open,
      changeSeq: 0,
      units: open?.units.map((unit) => ({ ...unit, runStartMs: 0, runRecordedAtMs: 0 })),
    },
    hours: await rig.store.readUnitHours(hours),
    watermark: epoch?.watermark,
    silences: silences.map(({ unitId, fromMs, code }) => ({ unitId, fromMs, code })),
    units: spans.map(({ unit, runs }) => ({
      accelerator: unit.acceleratorId,
      valid: [unit.validFromMs, unit.validToMs],
      runs: joined(runs),
    })),
  }
}

async function tell(
  events: readonly Event[],
  how: readonly ('batch' | 'again' | 'cut' | 'restart')[],
  sizes: readonly number[],
) {
  const rig = new CollectorRig()
  const agent = await rig.join(1)
  live(agent, events)
  // Told long after: what is late does not depend on how it is cut.
  rig.clock.advance(100 * HOUR)
  const last = agent.records.at(-1)?.seq ?? 0
  for (let step = 0; agent.acked < last && step < 200; step += 1) {
    const size = sizes[step % Math.max(1, sizes.length)] ?? last
    const action = how[step % Math.max(1, how.length)] ?? 'batch'
    if (action === 'restart') await rig.restart()
    if (action === 'restart' || action === 'cut') {
      agent.pair?.cut()
      expect(await agent.connect()).toBe('welcome')
    }
    const from = action === 'again' ? Math.max(1, agent.acked - 3) : agent.acked + 1
    await agent.sendBatch(from, Math.min(last, agent.acked + size))
  }
  expect(agent.acked).toBe(last)
  for (const balance of await rig.balances(agent.nodeId)) expect(balance.errors).toEqual([])
  return stored(rig, agent)
}

test('any history, told in any way, balances and comes out the same', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { minLength: 1, maxLength: 12 }),
      fc.array(
        fc.constantFrom('batch' as const, 'again' as const, 'cut' as const, 'restart' as const),
        { minLength: 1, maxLength: 6 },
      ),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }),
      async (events, how, sizes) => {
        const inPieces = await tell(events, how, sizes)
        expect(inPieces).toEqual(await tell(events, ['batch'], [512]))
      },
    ),
    { numRuns: 60 },
  )
})
