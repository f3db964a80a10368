/**
 * The collector is down for seven days: the spool of a node of 8 cards stays within its 64 MiB,
 * drops nothing, and everything arrives afterwards. The node samples once a minute here; that the
 * bound holds for whatever ticks hold is shown beside the spool.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileSpool, silentLogger } from '@yiben/shared'
import { expect, onTestFinished, test } from 'vitest'
import { FakeRandom } from '../support/fake-clock.ts'
import { busyReading, FakeProbe, idleReading } from '../support/fake-probe.ts'
import { at, Country, HOUR, MINUTE } from './country.ts'
import { cardsOf } from './machine.ts'

const CARDS = 8
const BYTES_MAX = 64 * 1024 * 1024
/** 08:30 of the eighth day. */
const BACK = '176:30'

/** Cards that change between idle and busy by chance, at every other sample. */
class RestlessProbe extends FakeProbe {
  readonly #random = new FakeRandom(7)

  override async sample() {
    for (const card of this.cards) {
      if (this.#random.fraction() > 0.5) continue
      const { key } = card.unit
      const isIdle = card.reading.utilization.compute === 0
      card.reading = isIdle ? busyReading(key) : idleReading(key)
    }
    return super.sample()
  }
}

/** In memory where the system has such a folder: ten thousand commits wait for no disk. */
function spoolFolder(): string {
  const memory = statSync('/dev/shm', { throwIfNoEntry: false })
  const folder = mkdtempSync(join(memory?.isDirectory() ? '/dev/shm' : tmpdir(), 'yiben-case-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function bytesIn(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
}

test('a collector that is down for 7 days: the spool of 8 cards stays within 64 MiB, drops nothing, and everything arrives after', async () => {
  const country = await Country.open()
  const directory = spoolFolder()
  const spool = openFileSpool({ directory, random: country.random, log: silentLogger })
  const probe = new RestlessProbe(cardsOf('a', CARDS))
  const machine = await country.join({ cards: [], probe, spool, samplePeriodMs: MINUTE })
  onTestFinished(() => {
    machine.kill()
    spool.close()
  })
  await country.runTo(at('08:30'))
  await country.stopCollector()
  const downAtMs = country.nowMs
  let bytesMax = 0
  for (let day = 0; day < 7; day += 1) {
    for (let hour = 0; hour < 24; hour += 6) {
      await country.run(6 * HOUR)
      bytesMax = Math.max(bytesMax, bytesIn(directory))
    }
  }
  expect(country.nowMs - downAtMs).toBe(7 * 24 * HOUR)
  expect(bytesMax).toBeLessThan(BYTES_MAX)
  expect(machine.agent.status().collector.unacknowledgedRecords).toBeGreaterThan(7 * 24 * 60 - 5)

  await country.startCollector()
  await country.run(5 * MINUTE)
  expect(machine.linkState).toBe('online')
  expect(machine.agent.status().collector.unacknowledgedRecords).toBeLessThanOrEqual(1)
  // Every minute of every card, and none of it unknown: nothing was dropped, nothing refused.
  const { wall_ms, states } = await country.balance(at('08:10'), at(BACK))
  expect(wall_ms).toBe(String(CARDS * (at(BACK) - at('08:10'))))
  expect(states.unknown_ms).toBe('0')
  expect(Number(states.busy_ms) + Number(states.free_ms)).toBe(Number(wall_ms))
  expect((await country.get('/v1/quality')).refused.total).toBe(0)
}, 60_000)
