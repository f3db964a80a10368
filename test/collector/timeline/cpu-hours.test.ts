/** Processor time of a node by hour: what was told adds up, however its ticks come in. */
import { HOUR_MS, type Tick } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NodeHour } from '../../../collector/src/model/timeline.ts'
import { CpuHours } from '../../../collector/src/timeline/cpu-hours.ts'
import { foldRecords } from '../../../collector/src/timeline/fold.ts'
import { EPOCH, freshState, runs, T0, tickOf, tickRecord, unitRow, unitTick } from './support.ts'

const MINUTE = 60_000

function told(startMs: number, cpuBusyMs: number | null, cpuTotalMs: number | null): Tick {
  return tickOf(startMs, [], { cpuBusyMs, cpuTotalMs })
}

function foldAll(batches: readonly (readonly Tick[])[]): readonly NodeHour[] {
  let running: NodeHour | null = null
  const hours: NodeHour[] = []
  for (const batch of batches) {
    const cpu: CpuHours = new CpuHours(running)
    for (const one of batch) cpu.add(one)
    const last = batch.at(-1)
    const state = cpu.finish(last === undefined ? T0 : last.startMs + last.spanMs)
    running = state.running
    hours.push(...state.done)
  }
  return running === null ? hours : [...hours, running]
}

test('an hour is handed over when the timeline has passed its end, and not before', () => {
  const cpu = new CpuHours(null)
  cpu.add(told(T0, 10, 100))
  const hour = { hourMs: T0, cpuBusyMs: 10, cpuTotalMs: 100, toldMs: MINUTE }
  expect(cpu.finish(T0 + HOUR_MS - 1)).toEqual({ running: hour, done: [] })
  // Nothing was told of its rest: it is over all the same.
  expect(new CpuHours(hour).finish(T0 + HOUR_MS)).toEqual({ running: null, done: [hour] })
})

test('a tick that does not tell adds neither time nor cores', () => {
  const cpu = new CpuHours(null)
  cpu.add(told(T0, null, null))
  cpu.add(told(T0, null, 100))
  expect(cpu.finish(T0 + HOUR_MS)).toEqual({ running: null, done: [] })
})

test('the fold keeps the running hour in the open row and hands it over once', () => {
  const row = unitRow(1)
  const minute = (startMs: number) =>
    tickOf(startMs, [unitTick(0, runs(['free/proven', 60]))], { cpuBusyMs: 6, cpuTotalMs: 60 })
  const context = { epoch: EPOCH, nowMs: T0 + 2 * HOUR_MS, futureLimitMs: T0 + 3 * HOUR_MS }
  const first = foldRecords(freshState([row]), [tickRecord(1, minute(T0))], context)
  const running = { hourMs: T0, cpuBusyMs: 6, cpuTotalMs: 60, toldMs: MINUTE }
  expect([first.open.cpu, first.nodeHours]).toEqual([running, []])
  const rest = Array.from({ length: 59 }, (_, index) =>
    tickRecord(index + 2, minute(T0 + (index + 1) * MINUTE)),
  )
  const second = foldRecords({ ...first.state, open: first.open }, rest, context)
  const whole = { hourMs: T0, cpuBusyMs: 360, cpuTotalMs: 3_600, toldMs: HOUR_MS }
  expect(second.open.cpu).toBeNull()
  expect(second.nodeHours).toEqual([{ ...whole, knownAtMs: context.nowMs }])
})

const ticks = fc
  .array(
    fc.record({
      minutesLater: fc.integer({ min: 0, max: 90 }),
      busy: fc.integer({ min: 0, max: 1_000 }),
      total: fc.option(fc.integer({ min: 1_000, max: 2_000 })),
    }),
    { maxLength: 40 },
  )
  .map((specs) => {
    let startMs = T0
    return specs.map(({ minutesLater, busy, total }) => {
      startMs += minutesLater * MINUTE
      const one = told(startMs, busy, total)
      startMs += MINUTE
      return one
    })
  })

test('each hour comes once, and holds what its ticks told, however they are cut into batches', () => {
  fc.assert(
    fc.property(ticks, fc.nat(), (all, cut) => {
      const at = all.length === 0 ? 0 : cut % all.length
      const hours = foldAll([all.slice(0, at), all.slice(at)].filter((batch) => batch.length > 0))
      const known = all.filter(({ cpuTotalMs }) => cpuTotalMs !== null)
      const byHour = Map.groupBy(known, ({ startMs }) => startMs - (startMs % HOUR_MS))
      expect(hours.map(({ hourMs }) => hourMs)).toEqual([...byHour.keys()])
      for (const { hourMs, cpuBusyMs, cpuTotalMs, toldMs } of hours) {
        const own = byHour.get(hourMs) ?? []
        const sum = (figure: (one: Tick) => number | null) =>
          own.reduce((whole, one) => whole + (figure(one) ?? 0), 0)
        expect([cpuBusyMs, cpuTotalMs, toldMs]).toEqual([
          sum((one) => one.cpuBusyMs),
          sum((one) => one.cpuTotalMs),
          own.length * MINUTE,
        ])
      }
    }),
  )
})
