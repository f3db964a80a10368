/** Heavy work beside the thread that answers: in a thread, bounded, and never at its cost. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { Forecaster } from '../../../../collector/src/forecast/forecaster.ts'
import { Training } from '../../../../collector/src/forecast/live/training.ts'
import {
  type HeavyWork,
  workFailed,
  workInProcess,
} from '../../../../collector/src/forecast/live/work.ts'
import { ThreadWork } from '../../../../collector/src/forecast/live/work-thread.ts'
import { HOUR_MS } from '../../../../collector/src/forecast/numbers.ts'
import { syntheticFleet } from '../../../../scripts/bench/support/synthetic-fleet.ts'
import { FakeClock, settle } from '../../../support/fake-clock.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { told } from '../support.ts'

/** Two pools of 16 cards after a day and a half, and as long again in which nothing changed. */
const LEARNED = (() => {
  const rows = syntheticFleet({ kind: 'jobs', pools: 2, nodesPerPool: 2, days: 1.5, seed: 5 })
  const forecaster = told(rows, new Forecaster())
  forecaster.advance((forecaster.nowMs ?? 0) + 26 * HOUR_MS)
  return forecaster.toJSON()
})()

function learned(): Forecaster {
  return new Forecaster(LEARNED)
}

function fileThat(does: string): URL {
  const file = join(tempDir(), 'worker.mjs')
  writeFileSync(file, `import { parentPort } from 'node:worker_threads'\n${does}`)
  return pathToFileURL(file)
}

describe('in a thread', () => {
  test('the same models come back as from this thread', async () => {
    const forecaster = learned()
    const work = new ThreadWork({ clock: new FakeClock() })
    const there = await work.train(forecaster.trainingSet())
    expect(there).toEqual(await workInProcess.train(forecaster.trainingSet()))
    expect(there.examples).toBeGreaterThan(500)
  })

  test('a state that is packed comes back whole', async () => {
    const work = new ThreadWork({ clock: new FakeClock() })
    const state = learned().toJSON()
    const packed = await work.pack(state)
    expect(packed.length).toBeLessThan(JSON.stringify(state).length / 2)
    expect(await work.unpack(packed)).toEqual(state)
    await expect(work.unpack(packed.subarray(0, 100))).rejects.toMatchObject({ code: 'internal' })
  })

  test.each([
    ['throws', 'throw new Error("no memory")', 'no memory'],
    ['ends', 'process.exit(0)', 'its thread ended'],
  ])('a thread that %s fails its job alone', async (_name, does, why) => {
    const work = new ThreadWork({ clock: new FakeClock(), file: fileThat(does) })
    await expect(work.pack({})).rejects.toThrow(why)
  })

  test('one that hangs is ended at its deadline', async () => {
    const clock = new FakeClock()
    const file = fileThat('parentPort.on("message", () => { for (;;) {} })')
    const work = new ThreadWork({ clock, file, jobMsMax: 5_000 })
    const job = expect(work.pack({})).rejects.toThrow('it took too long')
    await clock.run(5_000)
    await job
  })

  test('a stop ends what is under way, and nothing begins after it', async () => {
    const file = fileThat('parentPort.on("message", () => { for (;;) {} })')
    const work = new ThreadWork({ clock: new FakeClock(), file })
    const job = expect(work.pack({})).rejects.toMatchObject({ code: 'draining' })
    await work.close()
    await job
    await expect(work.pack({})).rejects.toMatchObject({ code: 'draining' })
  })
})

describe('training', () => {
  function trainingWith(train: HeavyWork['train']) {
    const clock = new FakeClock()
    const work = { ...workInProcess, train }
    return { clock, training: new Training({ clock, logger: silentLogger, work }) }
  }

  test('one that fails leaves the models as they are, and is tried again after an hour', async () => {
    const forecaster = learned()
    const before = forecaster.models
    let tries = 0
    const { clock, training } = trainingWith(async (set) => {
      tries += 1
      if (tries === 1) throw workFailed('train', 'no memory')
      return workInProcess.train(set)
    })
    expect(forecaster.isTrainingDue()).toBe(true)
    training.startIfDue(forecaster)
    await training.settled()
    expect(training.record).toMatchObject({ trainings: 0, failures: 1, tookMs: null })
    expect(forecaster.models).toBe(before)
    training.startIfDue(forecaster)
    expect(tries).toBe(1)
    clock.advance(HOUR_MS)
    training.startIfDue(forecaster)
    await training.settled()
    expect(training.record).toMatchObject({ trainings: 1, failures: 1 })
    expect(forecaster.models).not.toBe(before)
    expect(forecaster.isTrainingDue()).toBe(false)
  })

  test('while one is under way no other begins, and nobody waits for it', async () => {
    const forecaster = learned()
    const gate = Promise.withResolvers<void>()
    let tries = 0
    const { training } = trainingWith(async (set) => {
      tries += 1
      await gate.promise
      return workInProcess.train(set)
    })
    training.startIfDue(forecaster)
    training.startIfDue(forecaster)
    await settle()
    expect(tries).toBe(1)
    gate.resolve()
    await training.settled()
    expect(training.record.trainings).toBe(1)
  })
})
