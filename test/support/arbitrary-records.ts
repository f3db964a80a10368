/** Random records within the ranges of the wire, for properties. */

import {
  type DurableRecord,
  HANDOVER_KINDS,
  HOUR_MS,
  IDENTITY_STRENGTHS,
  LEASE_EVENTS,
  type NodeFacts,
  OWNER_KINDS,
  type Run,
  runCodeOf,
  TIME_MS_MAX,
  type Tick,
  type UnitFacts,
  type UnitTick,
  VENDORS,
} from '@yiben/shared'
import fc from 'fast-check'
import { RECORDS_START_MS } from './records.ts'

const RUN_CODES = Array.from({ length: 256 }, (_, code) => runCodeOf(code)).filter(
  (code) => code !== null,
)
const timeMs = fc.integer({ min: RECORDS_START_MS, max: RECORDS_START_MS + 1000 * HOUR_MS })
const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'))

function textOf(lengthMax: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: 'grapheme', maxLength: lengthMax })
    .map((text) => Array.from(text, (one) => (one < ' ' || one === '\u007f' ? '-' : one)).join(''))
    .filter((text) => Buffer.byteLength(text) <= lengthMax && text.isWellFormed())
}

function absentable<Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.option(value, { nil: null })
}

function runsOf(spanMs: number): fc.Arbitrary<Run[]> {
  return fc
    .array(fc.tuple(fc.constantFrom(...RUN_CODES), fc.integer({ min: 1, max: spanMs })), {
      minLength: 1,
      maxLength: 8,
    })
    .map((drawn) => {
      const runs: Run[] = []
      let leftMs = spanMs
      for (const [code, wishMs] of drawn) {
        const durationMs = Math.min(wishMs, leftMs)
        const last = runs.at(-1)
        if (durationMs === 0 || last?.code === code) continue
        runs.push({ code, durationMs })
        leftMs -= durationMs
      }
      const last = runs.pop()
      if (last !== undefined) runs.push({ ...last, durationMs: last.durationMs + leftMs })
      return runs
    })
}

function unitTickOf(index: number, spanMs: number): fc.Arbitrary<UnitTick> {
  const samples = fc.integer({ min: 1, max: 60 })
  return samples.chain((samplesGot) =>
    fc
      .record({
        runs: runsOf(spanMs),
        utilization: absentable(
          fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1000 })),
        ),
        counts: absentable(
          fc.tuple(
            fc.integer({ min: 0, max: samplesGot }),
            fc.integer({ min: 0, max: samplesGot }),
          ),
        ),
        activeMs: fc.integer({ min: 0, max: spanMs }),
        givenMs: fc.integer({ min: 0, max: spanMs }),
        memoryUsedMibMax: absentable(fc.integer({ min: 0, max: 1 << 24 })),
        energyJoules: absentable(fc.integer({ min: 0, max: 72_000_000 })),
        temperatureCelsiusMax: absentable(fc.integer({ min: -60, max: 150 })),
        evidence: fc.constantFrom('A' as const, 'B' as const),
        depositable: fc.boolean(),
      })
      .map(({ utilization, counts, ...unit }) => ({
        ...unit,
        index,
        samplesGot,
        utilizationMaxPermille: utilization === null ? null : utilization[0],
        utilizationSumPermille:
          utilization === null
            ? null
            : utilization[0] +
              Math.floor((utilization[1] * (samplesGot - 1) * utilization[0]) / 1000),
        samplesZero: counts === null ? null : Math.min(...counts),
        samplesBelowTenth: counts === null ? null : Math.max(...counts),
      })),
  )
}

export const arbitraryTick: fc.Arbitrary<Tick> = fc
  .record({
    indexes: fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { maxLength: 12 }),
    startMs: timeMs,
    wishMs: fc.oneof(fc.constant(60_000), fc.integer({ min: 1, max: HOUR_MS })),
    wallStepsMs: fc.array(fc.integer({ min: -TIME_MS_MAX, max: TIME_MS_MAX }), { maxLength: 3 }),
  })
  .chain(({ indexes, startMs, wishMs, wallStepsMs }) => {
    const spanMs = Math.min(wishMs, HOUR_MS - (startMs % HOUR_MS))
    return fc.record({
      factsRevision: fc.integer({ min: 1, max: 1000 }),
      startMs: fc.constant(startMs),
      spanMs: fc.constant(spanMs),
      samplesExpected: fc.integer({ min: 0, max: 60 }),
      cpuBusyMs: absentable(fc.integer({ min: 0, max: 1_000_000 })),
      cpuTotalMs: absentable(fc.integer({ min: 1_000_000, max: 2 ** 38 })),
      ...(wallStepsMs.length === 0 ? {} : { wallStepsMs: fc.constant(wallStepsMs) }),
      units: fc.tuple(...indexes.map((index) => unitTickOf(index, spanMs))),
    })
  })

const unitFacts: fc.Arbitrary<Omit<UnitFacts, 'index'>> = fc.record({
  kind: fc.constant('card' as const),
  parentIndex: fc.constant(null),
  vendor: fc.constantFrom(...VENDORS),
  name: textOf(60),
  memoryTotalMib: absentable(fc.integer({ min: 0, max: 1 << 20 })),
  powerCapWatts: absentable(fc.integer({ min: 0, max: 2000 })),
  sharePpm: fc.constant(1_000_000),
  driverVersion: absentable(textOf(20)),
  identities: fc.array(
    fc.record({
      keyNumber: fc.integer({ min: 1, max: 9 }),
      hash,
      strength: fc.constantFrom(...IDENTITY_STRENGTHS),
    }),
    { maxLength: 3 },
  ),
})

export const arbitraryFacts: fc.Arbitrary<NodeFacts> = fc.record({
  revision: fc.integer({ min: 1, max: 1000 }),
  atMs: timeMs,
  agentVersion: textOf(20),
  bootId: textOf(36),
  operatingSystem: absentable(textOf(40)),
  kernel: absentable(textOf(40)),
  architecture: absentable(textOf(10)),
  cpuModel: absentable(textOf(60)),
  cpuCores: absentable(fc.integer({ min: 0, max: 1024 })),
  memoryTotalMib: absentable(fc.integer({ min: 0, max: 1 << 24 })),
  virtualization: absentable(textOf(20)),
  ownerKind: fc.constantFrom(...OWNER_KINDS),
  units: fc
    .array(unitFacts, { maxLength: 6 })
    .map((units) => units.map((unit, index) => ({ ...unit, index }))),
  probes: fc.array(
    fc.record({
      vendor: fc.constantFrom(...VENDORS),
      tool: absentable(textOf(20)),
      toolVersion: absentable(textOf(20)),
      unitsFound: fc.integer({ min: 0, max: 100 }),
      cardsPresent: fc.integer({ min: 0, max: 100 }),
      problemCode: absentable(textOf(20)),
      problem: absentable(textOf(60)),
    }),
    { maxLength: 3 },
  ),
})

const seq = fc.integer({ min: 1, max: 2 ** 40 })

export const arbitraryRecord: fc.Arbitrary<DurableRecord> = fc.oneof(
  arbitraryFacts.map((facts) => ({ kind: 'facts' as const, facts })),
  arbitraryTick.map((tick) => ({ kind: 'tick' as const, tick })),
  fc
    .record({
      startMs: timeMs,
      lengthMs: fc.nat(HOUR_MS),
      cause: fc.constantFrom('restart' as const, 'silent' as const, 'epoch' as const),
      bootId: textOf(36),
    })
    .map(({ startMs, lengthMs, cause, bootId }) => ({
      kind: 'gap' as const,
      gap: { startMs, endMs: startMs + lengthMs, cause, bootId },
    })),
  fc
    .record({
      version: fc.nat(1000),
      atMs: timeMs,
      enabled: fc.boolean(),
      keepCardsPerNode: fc.nat(16),
      minFreeMs: fc.nat(),
      maxLeaseMs: fc.nat(),
      calendar: fc.option(textOf(200).filter((calendar) => calendar !== '')),
      handover: fc.option(
        fc.record({
          kind: fc.constantFrom(...HANDOVER_KINDS),
          isFenced: fc.boolean(),
          endpoint: fc.option(textOf(60).filter((endpoint) => endpoint !== '')),
          queue: fc.option(textOf(60).filter((queue) => queue !== '')),
        }),
      ),
    })
    .map((policy) => ({ kind: 'policy' as const, policy })),
  fc
    .record({
      atMs: timeMs,
      kind: fc.constantFrom(
        'reclaim' as const,
        'offer' as const,
        'pause' as const,
        'resume' as const,
      ),
      units: fc.array(fc.nat(5000), { maxLength: 20 }),
    })
    .map((veto) => ({ kind: 'veto' as const, veto })),
  fc
    .record({ firstSeq: seq, more: fc.nat(1000), startMs: timeMs, lengthMs: fc.nat(HOUR_MS) })
    .map(({ firstSeq, more, startMs, lengthMs }) => ({
      kind: 'lost' as const,
      lost: { firstSeq, lastSeq: firstSeq + more, startMs, endMs: startMs + lengthMs },
    })),
  fc
    .record({
      atMs: timeMs,
      reason: fc.constantFrom('stop' as const, 'reboot' as const, 'upgrade' as const),
    })
    .map((goodbye) => ({ kind: 'goodbye' as const, goodbye })),
  fc
    .record({
      atMs: timeMs,
      leaseId: textOf(30),
      event: fc.constantFrom(...LEASE_EVENTS),
      revision: fc.nat(),
      units: fc.array(fc.nat({ max: 1000 }), { maxLength: 8 }),
      cause: fc.option(textOf(30).filter((cause) => cause !== '')),
    })
    .map((lease) => ({ kind: 'lease' as const, lease })),
)
