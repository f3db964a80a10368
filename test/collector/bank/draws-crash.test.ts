/**
 * What a killed process leaves: at every step of hold, post, extend and return the collector dies
 * before or after the step has its effect, and the next process answers the same calls again.
 */
import { describe, expect, test } from 'vitest'
import type { DrawStore } from '../../../collector/src/bank/draw-desk.ts'
import { drawFaults, postingFaults } from '../../../collector/src/bank/draw-invariants.ts'
import type { Draws } from '../../../collector/src/bank/draws.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { settle } from '../../support/fake-clock.ts'
import { DrawsRig, poolOf, SECOND } from './draws-rig.ts'
import { HOUR } from './ledger-rig.ts'

/** More than any of the calls below takes. */
const STEPS_MAX = 40

/** Counts what a process asks of the world, and never answers from the `diesAt`th question on. */
class Mortal {
  steps = 0
  readonly #diesAt: number
  readonly #when: 'before' | 'after'

  constructor(diesAt: number, when: 'before' | 'after') {
    this.#diesAt = diesAt
    this.#when = when
  }

  get isDead(): boolean {
    return this.steps >= this.#diesAt
  }

  async step<Result>(work: () => Promise<Result>): Promise<Result> {
    const isLast = this.steps + 1 === this.#diesAt
    this.steps += 1
    if (this.steps > this.#diesAt || (isLast && this.#when === 'before')) await death()
    const result = await work()
    if (isLast) await death()
    return result
  }

  store(real: DrawStore): DrawStore {
    return {
      findDraw: (drawId) => this.step(() => real.findDraw(drawId)),
      readGrantCards: (unitIds, atMs) => this.step(() => real.readGrantCards(unitIds, atMs)),
      commitDraws: (changes) => this.step(() => real.commitDraws(changes)),
      listDraws: (scope, filter, page) => real.listDraws(scope, filter, page),
    }
  }
}

function death(): Promise<never> {
  return new Promise(() => {})
}

/** All that a client wants; every call can be made again. */
async function script(draws: Draws): Promise<void> {
  await draws.hold(poolOf('a', 3), SCOPE_ALL)
  const posted = await draws.post('a')
  const untilMs = posted.status === 'done' ? (posted.draw.startMs ?? 0) + 2 * HOUR : 0
  await draws.extend('a', untilMs)
  await draws.return('a', [0])
}

describe.each(['before', 'after'] as const)('killed %s', (when) => {
  test('any step, the next process ends up with one draw, whole', async () => {
    let step = 1
    for (; step <= STEPS_MAX; step += 1) {
      const rig = new DrawsRig()
      await rig.node(1, 2)
      await rig.node(2, 2)
      await rig.deposit()
      const mortal = new Mortal(step, when)
      let isDone = false
      const running = script(rig.process(mortal.store(rig.drawStore())))
      void running.then(() => {
        isDone = true
      })
      for (let turn = 0; turn < 50 && !isDone && !mortal.isDead; turn += 1) await settle()
      await settle()
      if (!isDone) expect(mortal.isDead).toBe(true)
      await script(rig.process())
      const draw = await rig.draw('a')
      expect(draw.claims.map(({ state }) => state).sort()).toEqual(['cleaning', 'leased', 'leased'])
      expect(draw.untilMs).toBe((draw.startMs ?? 0) + 2 * HOUR)
      expect(drawFaults(draw)).toEqual([])
      expect(postingFaults(draw, rig.postings)).toEqual([])
      if (isDone) break
    }
    expect(step).toBeGreaterThan(8)
    expect(step).toBeLessThan(STEPS_MAX)
  })
})

test('a hold that nobody comes back for keeps its cards until it lapses, and no longer', async () => {
  const rig = new DrawsRig()
  await rig.node(1, 1)
  await rig.deposit()
  // Find the draw, read the card, write the hold.
  const mortal = new Mortal(3, 'after')
  void rig.process(mortal.store(rig.drawStore())).hold(poolOf('a'), SCOPE_ALL)
  await settle()
  const next = rig.process()
  expect(await next.hold(poolOf('b'), SCOPE_ALL)).toMatchObject({ status: 'refused' })
  await rig.ledger.clock.run(30 * SECOND)
  expect(await next.post('a')).toMatchObject({ refusal: { code: 'hold_lapsed' } })
  await rig.lapse()
  expect(await next.hold(poolOf('c'), SCOPE_ALL)).toMatchObject({ draw: { state: 'held' } })
})

test('a post whose answer was lost answers the same again', async () => {
  const rig = new DrawsRig()
  await rig.node(1, 1)
  await rig.deposit()
  await rig.process().hold(poolOf('a'), SCOPE_ALL)
  // Find the draw, read the card, ask no more, write the lease.
  const mortal = new Mortal(4, 'after')
  void rig.process(mortal.store(rig.drawStore())).post('a')
  await rig.ledger.clock.run(10 * SECOND)
  const before = await rig.draw('a')
  expect(before.state).toBe('posted')
  expect(await rig.process().post('a')).toEqual({ status: 'done', draw: before, isRepeat: true })
})
