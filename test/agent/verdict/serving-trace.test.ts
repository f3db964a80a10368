/**
 * A day of a real serving fleet, read where it lies beside the project (it may not be shipped with
 * it): 72 pods that hold their cards all day while 70 % of their samples show no utilization.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { RunName, UnitReading } from '@yiben/shared'
import { runName } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { Possession } from '../../../agent/src/owners/owner.ts'
import type { OfferedSignals } from '../../../agent/src/probes/probe.ts'
import { Cutter } from '../../../agent/src/verdict/cutter.ts'
import { THRESHOLDS } from '../../../agent/src/verdict/thresholds.ts'
import { verdictOf } from '../../../agent/src/verdict/verdict.ts'
import { GIB, MIB, OFFERS_ALL, reading } from './readings.ts'

const TRACE = fileURLToPath(
  new URL('../../../../shared/traces/gentd26-util-dev.csv.gz', import.meta.url),
)
const isThere = existsSync(TRACE)
/** The publisher's step. */
const PERIOD_MS = 57_000
const NO_CPU = { busyMs: null, totalMs: null }

interface Step {
  readonly atMs: number
  readonly reading: UnitReading
}

function readTrace(): Map<string, Step[]> {
  const pods = new Map<string, Step[]>()
  const lines = gunzipSync(readFileSync(TRACE)).toString('utf8').trim().split('\n')
  for (const line of lines.slice(1)) {
    const [pod = '', epoch = '', utilization = '', memory = ''] = line.trim().split(',')
    const steps = pods.get(pod) ?? []
    steps.push({
      atMs: Number(epoch) * 1000,
      reading: reading({
        utilization: { compute: utilization === '' ? null : Number(utilization) / 100 },
        memoryUsedBytes: memory === '' ? null : Number(memory) * MIB,
        memoryTotalBytes: 48 * GIB,
        powerWatts: null,
        processes: null,
      }),
    })
    pods.set(pod, steps)
  }
  return pods
}

/** Card time by name, in hours. */
function replay(offers: OfferedSignals, possession: Possession): Map<RunName, number> {
  const hours = new Map<RunName, number>()
  for (const steps of readTrace().values()) {
    const [first] = steps
    if (first === undefined) continue
    const cutter = new Cutter({
      nodePhaseMs: 0,
      tickMs: 600_000,
      samplePeriodMs: PERIOD_MS,
      startMs: first.atMs,
    })
    cutter.setUnits([{ index: 0, depositable: true }], 1)
    for (const { atMs, reading } of steps) {
      const verdict = verdictOf({
        reading,
        readingProblem: null,
        offers,
        possession,
        baseline: { basis: 'none', idleMemoryBytesMax: 0, idlePowerWattsMax: null },
        hostPidNamespace: true,
        thresholds: THRESHOLDS,
      })
      cutter.observe(atMs, [{ index: 0, verdict, reading, given: false }])
      if (!cutter.cutDue(atMs)) continue
      for (const { code, durationMs } of cutter
        .cut(atMs, NO_CPU)
        .flatMap((tick) => tick.units.flatMap((unit) => unit.runs))) {
        const name = runName(code)
        hours.set(name, (hours.get(name) ?? 0) + durationMs / 3_600_000)
      }
    }
  }
  return hours
}

const NO_LIST = { ...OFFERS_ALL, processes: false }
const GIVEN: Possession = { status: 'given', by: 'scheduler', toBank: false }
const UNPROVEN: Possession = { status: 'unproven', sentence: 'Nobody has stated an owner.' }

describe.skipIf(!isThere)(
  isThere ? 'the serving trace' : 'the serving trace (skipped: ../shared/traces is not there)',
  () => {
    test.each<[string, OfferedSignals, Possession]>([
      // Even where somebody states that nobody has the cards: the tool offers a process list, the
      // trace has none, so nothing is proven.
      ['nobody stated, without its process list', OFFERS_ALL, { status: 'nobody' }],
      ['the pods known to the scheduler', NO_LIST, GIVEN],
      ['no owner stated', NO_LIST, UNPROVEN],
    ])('opens no free window: %s', (_name, offers, possession) => {
      const hours = replay(offers, possession)
      expect(hours.get('busy/active')).toBeGreaterThan(100)
      expect(hours.has('free/proven')).toBe(false)
    })

    test('is held by its memory, not by its utilization', () => {
      const hours = replay(NO_LIST, UNPROVEN)
      const quiet = (hours.get('occupied/in_use') ?? 0) + (hours.get('unknown/possession') ?? 0)
      expect((hours.get('occupied/in_use') ?? 0) / quiet).toBeGreaterThan(0.99)
    })
  },
)
