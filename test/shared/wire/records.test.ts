import {
  type DurableRecord,
  decodeRecord,
  encodeRecord,
  HOUR_MS,
  type NodeFacts,
  RECORD_BYTES_MAX,
  runCode,
  TIME_MS_MAX,
  type Tick,
  type UnitFacts,
  type UnitTick,
  WALL_STEPS_PER_TICK_MAX,
} from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbitraryRecord } from '../../support/arbitrary-records.ts'
import { factsOf, RECORDS_START_MS, tickOf } from '../../support/records.ts'

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7]

function unitsOf(record: DurableRecord): readonly number[] {
  return record.kind === 'tick' ? record.tick.units.map((unit) => unit.index) : []
}

/** A tick with one unit changed, as a broken node might send it. */
function brokenTick(change: Partial<UnitTick>, tick: Partial<Tick> = {}): Uint8Array {
  const good = tickOf({ startMs: RECORDS_START_MS, shape: 'busy' })
  const units = good.units.map((unit, position) => (position === 2 ? { ...unit, ...change } : unit))
  return encodeRecord({ kind: 'tick', tick: { ...good, units, ...tick } })
}

describe('records', () => {
  test('decode to what was encoded', () => {
    fc.assert(
      fc.property(arbitraryRecord, (record) => {
        const indexes = unitsOf(record)
        expect(decodeRecord(encodeRecord(record), () => indexes)).toEqual({ status: 'ok', record })
      }),
      { numRuns: 500 },
    )
  })

  test('any garbage is refused or read, and never thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated()), (bytes) => {
        const result = decodeRecord(bytes, () => EIGHT)
        expect(['ok', 'refused']).toContain(result.status)
        if (result.status === 'refused') expect(result.sentence).not.toBe('')
      }),
      { numRuns: 1000 },
    )
  })

  test('unknown fields are ignored', () => {
    const bytes = encodeRecord({
      kind: 'goodbye',
      goodbye: { atMs: RECORDS_START_MS, reason: 'stop' },
    })
    // Field 900, varint 1: of a newer agent.
    const extended = Buffer.concat([bytes, Uint8Array.of(0xa0, 0x38, 0x01)])
    expect(decodeRecord(extended, () => null).status).toBe('ok')
  })

  test('a record past the bound is refused before it is decoded', () => {
    const result = decodeRecord(new Uint8Array(RECORD_BYTES_MAX + 1), () => null)
    expect(result).toMatchObject({ status: 'refused', code: 'record_undecodable' })
  })

  test('a kind of the future is refused, so that its number is not held up', () => {
    const result = decodeRecord(Uint8Array.of(0xfa, 0x01, 0x00), () => null)
    expect(result).toMatchObject({ status: 'refused', code: 'record_undecodable' })
  })
})

describe('a tick', () => {
  const span = { spanStartMs: RECORDS_START_MS, spanEndMs: RECORDS_START_MS + 60_000 }

  test.each<[string, Partial<UnitTick>, string]>([
    [
      'negative utilization',
      { utilizationSumPermille: -5, utilizationMaxPermille: -5 },
      'utilization_max',
    ],
    ['utilization above 100 %', { utilizationMaxPermille: 1001 }, 'utilization_max'],
    ['a sum no samples can have', { utilizationSumPermille: 6001 }, 'utilization_sum of unit 2'],
    [
      'a maximum above the sum',
      { utilizationSumPermille: 5, utilizationMaxPermille: 6 },
      'utilization_max of unit 2',
    ],
    ['a negative sum', { utilizationSumPermille: -1 }, 'utilization_sum of unit 2'],
    ['activity longer than the span', { activeMs: 60_001 }, 'active_ms of unit 2'],
    ['negative activity', { activeMs: -1 }, 'active_ms'],
    ['possession longer than the span', { givenMs: 60_001 }, 'given_ms of unit 2'],
    [
      'more zero samples than samples',
      { samplesZero: 7, samplesBelowTenth: 7 },
      'samples_zero of unit 2',
    ],
    ['more low samples than samples', { samplesBelowTenth: 7 }, 'samples_below_tenth of unit 2'],
    [
      'more zero than low samples',
      { samplesZero: 3, samplesBelowTenth: 2 },
      'samples_zero of unit 2',
    ],
    ['more samples than seconds', { samplesGot: 3602 }, 'samples_got'],
    ['memory no card has', { memoryUsedMibMax: 1 << 25 }, 'memory_max_mib'],
    ['energy no card takes', { energyJoules: 72_000_001 }, 'energy_joules'],
    ['a card hotter than solder', { temperatureCelsiusMax: 151 }, 'temperature_max'],
    ['heat past one byte', { temperatureCelsiusMax: 5000 }, 'temperature_max'],
    ['cold past one byte', { temperatureCelsiusMax: -300 }, 'temperature_max'],
  ])('with %s is refused, named, and its span is kept', (_, change, field) => {
    const result = decodeRecord(brokenTick(change), () => EIGHT)
    expect(result).toMatchObject({ status: 'refused', code: 'record_out_of_range', ...span })
    expect(result.status === 'refused' && result.sentence).toContain(field)
  })

  test.each<[string, Partial<Tick>, string]>([
    ['more processor time than there is', { cpuBusyMs: 8, cpuTotalMs: 7 }, 'cpu_busy_ms'],
    ['an impossible number of samples', { samplesExpected: 5000 }, 'samples_expected'],
  ])('with %s is refused', (_, change, field) => {
    const result = decodeRecord(brokenTick({}, change), () => EIGHT)
    expect(result).toMatchObject({ status: 'refused', ...span })
    expect(result.status === 'refused' && result.sentence).toContain(field)
  })

  test('that crosses a full hour is refused with its span', () => {
    const startMs = RECORDS_START_MS + HOUR_MS - 1000
    const bytes = encodeRecord({ kind: 'tick', tick: tickOf({ startMs, spanMs: 1001 }) })
    expect(decodeRecord(bytes, () => EIGHT)).toMatchObject({
      status: 'refused',
      code: 'record_out_of_range',
      spanStartMs: startMs,
      spanEndMs: startMs + 1001,
    })
    const whole = tickOf({ startMs: RECORDS_START_MS, spanMs: HOUR_MS })
    expect(decodeRecord(encodeRecord({ kind: 'tick', tick: whole }), () => EIGHT).status).toBe('ok')
  })

  test('of an unreasonable length or date is refused, without a span to book', () => {
    const long = tickOf({ startMs: RECORDS_START_MS, spanMs: HOUR_MS + 1 })
    const old = tickOf({ startMs: 1000 })
    for (const tick of [long, old]) {
      const result = decodeRecord(encodeRecord({ kind: 'tick', tick }), () => EIGHT)
      expect(result).toMatchObject({ status: 'refused', code: 'record_out_of_range' })
      expect(result).not.toHaveProperty('spanStartMs')
    }
  })

  test('of facts that were not told is refused under its own code, span kept', () => {
    const result = decodeRecord(brokenTick({}), () => null)
    expect(result).toMatchObject({ status: 'refused', code: 'record_unknown_facts', ...span })
  })

  test.each([
    ['fewer', [0, 1, 2]],
    ['more', [...EIGHT, 8, 9]],
  ])('over other units than the facts have (%s) is refused', (_, indexes) => {
    expect(decodeRecord(brokenTick({}), () => indexes)).toMatchObject({
      status: 'refused',
      ...span,
    })
  })

  test.each<[string, Record<string, unknown>]>([
    ['an unknown run code', { runCodes: Uint8Array.of(200) }],
    ['run code 0', { runCodes: Uint8Array.of(0) }],
    ['no run codes', { runCodes: null }],
    ['runs longer than the span', { runCounts: [2], runDurationsMs: [60_001] }],
    ['a run that leaves nothing for the last', { runCounts: [2], runDurationsMs: [60_000] }],
    ['a run of no duration', { runCounts: [2] }],
    ['a run of negative duration', { runCounts: [2], runDurationsMs: [-5] }],
    ['no runs at all', { runCounts: [0, 0, 0, 0, 0, 0, 0, 0] }],
    ['a million runs in a few bytes', { runCounts: [3600], runDurationsMs: [1] }],
    ['durations where none are due', { runDurationsMs: [1, 2] }],
    ['a bit for a unit that is not there', { depositable: Uint8Array.of(0, 1) }],
    ['evidence of a unit that is not there', { classBUnits: Uint8Array.of(0, 1) }],
  ])('whose columns hold %s is refused', async (_, columns) => {
    const { generated } = await import('../../../shared/src/wire/runtime.ts')
    const { packTick } = await import('../../../shared/src/wire/pack-tick.ts')
    const intervals = { ...packTick(tickOf({ startMs: RECORDS_START_MS })), ...columns }
    const units = columns.runCounts?.toString() === '3600' ? manyUnits() : EIGHT
    const bytes = generated.Record.encode({ intervals }).finish()
    expect(decodeRecord(bytes, () => units)).toMatchObject({
      status: 'refused',
      code: 'record_out_of_range',
      ...span,
    })
  })

  test('neighbouring runs of one code are one run when read', async () => {
    const { generated } = await import('../../../shared/src/wire/runtime.ts')
    const { packTick } = await import('../../../shared/src/wire/pack-tick.ts')
    const tick = tickOf({ startMs: RECORDS_START_MS, cards: 1 })
    const intervals = { ...packTick(tick), runCounts: [2], runDurationsMs: [20_000] }
    const result = decodeRecord(generated.Record.encode({ intervals }).finish(), () => [0])
    expect(result).toEqual({ status: 'ok', record: { kind: 'tick', tick } })
  })

  test.each(['free', 'busy', 'flipping'] as const)(
    'of cards all %s decodes to what was encoded, and what its runs tell costs no byte',
    async (shape) => {
      const { packTick } = await import('../../../shared/src/wire/pack-tick.ts')
      const tick = tickOf({ startMs: RECORDS_START_MS, shape })
      const bytes = encodeRecord({ kind: 'tick', tick })
      const decoded = decodeRecord(bytes, () => EIGHT)
      expect(decoded).toEqual({ status: 'ok', record: { kind: 'tick', tick } })
      expect(packTick(tick)).toMatchObject({
        samplesGot: [],
        samplesZero: [],
        samplesBelowTenth: [],
        activeLackMs: [],
        givenMs: [],
        wallStepsMs: [],
      })
    },
  )

  test.each([
    ['too many steps of the clock', new Array<number>(WALL_STEPS_PER_TICK_MAX + 1).fill(3_000)],
    ['a step longer than this century', [2 * TIME_MS_MAX]],
  ])('with %s is refused, named, and its span is kept', (_, wallStepsMs) => {
    const result = decodeRecord(brokenTick({}, { wallStepsMs }), () => EIGHT)
    expect(result).toMatchObject({ status: 'refused', code: 'record_out_of_range', ...span })
    expect(result.status === 'refused' && result.sentence).toContain('wall_steps_ms')
  })

  test('absent stays absent and zero stays zero', () => {
    const absent: Partial<UnitTick> = {
      utilizationSumPermille: null,
      utilizationMaxPermille: null,
      samplesZero: null,
      samplesBelowTenth: null,
      memoryUsedMibMax: null,
      energyJoules: null,
      temperatureCelsiusMax: null,
    }
    const zero: Partial<UnitTick> = {
      utilizationSumPermille: 0,
      utilizationMaxPermille: 0,
      samplesZero: 0,
      samplesBelowTenth: 0,
      memoryUsedMibMax: 0,
      energyJoules: 0,
      temperatureCelsiusMax: 0,
    }
    for (const expected of [absent, zero]) {
      const result = decodeRecord(brokenTick(expected), () => EIGHT)
      const unit =
        result.status === 'ok' && result.record.kind === 'tick' && result.record.tick.units[2]
      expect(unit).toMatchObject(expected)
    }
  })
})

describe('facts', () => {
  const card = factsOf(1).units[0]

  function refusalOf(change: Partial<NodeFacts>): unknown {
    return decodeRecord(
      encodeRecord({ kind: 'facts', facts: { ...factsOf(1), ...change } }),
      () => null,
    )
  }

  function part(index: number, change: Partial<UnitFacts>): UnitFacts {
    if (card === undefined) throw new Error('the node has a card')
    return { ...card, index, kind: 'slice', parentIndex: 0, ...change }
  }

  test('of a cut card are read when the parts sum to the whole', () => {
    const units = [
      part(0, { kind: 'card', parentIndex: null }),
      part(1, { sharePpm: 428_571 }),
      part(2, { sharePpm: 428_571 }),
      part(3, { kind: 'unsliced', sharePpm: 142_858 }),
    ]
    expect(refusalOf({ units })).toMatchObject({ status: 'ok' })
  })

  test.each<[string, readonly UnitFacts[], string, string]>([
    [
      'parts that do not sum to the whole',
      [part(0, { kind: 'card', parentIndex: null }), part(1, { sharePpm: 999_999 })],
      'record_shares',
      'share_ppm',
    ],
    [
      'a card that is not whole',
      [part(0, { kind: 'card', parentIndex: null, sharePpm: 5 })],
      'record_shares',
      'share_ppm',
    ],
    [
      'an index twice',
      [part(0, { kind: 'card', parentIndex: null }), part(0, { kind: 'card', parentIndex: null })],
      'record_out_of_range',
      'unit.index',
    ],
    [
      'a part of nothing',
      [part(1, { sharePpm: 1_000_000, parentIndex: 7 })],
      'record_out_of_range',
      'parent_index',
    ],
    [
      'a card that is a part',
      [part(0, { kind: 'card', parentIndex: null }), part(1, { kind: 'card' })],
      'record_out_of_range',
      'parent_index',
    ],
    [
      'a hash of the wrong length',
      [
        part(0, {
          kind: 'card',
          parentIndex: null,
          identities: [{ keyNumber: 1, hash: 'abcd', strength: 'strong' }],
        }),
      ],
      'record_out_of_range',
      'identity.hash',
    ],
  ])('with %s are refused', (_, units, code, field) => {
    expect(refusalOf({ units })).toMatchObject({
      status: 'refused',
      code,
      sentence: expect.stringContaining(field),
    })
  })

  test('with too long or unprintable texts of a tool are cut, not refused', () => {
    const result = refusalOf({ kernel: `5.15\u0007${'好'.repeat(500)}` })
    expect(result).toMatchObject({ status: 'ok' })
    const facts = (result as { record: { facts: NodeFacts } }).record.facts
    expect(facts.kernel?.startsWith('5.15 好')).toBe(true)
    expect(Buffer.byteLength(facts.kernel ?? '')).toBeLessThanOrEqual(200)
  })
})

describe('other records', () => {
  const base = { startMs: RECORDS_START_MS, endMs: RECORDS_START_MS - 1 }

  test.each<[string, DurableRecord, string]>([
    [
      'a gap that ends before it starts',
      { kind: 'gap', gap: { ...base, cause: 'restart', bootId: '' } },
      'gap.end_ms',
    ],
    [
      'a loss that ends before it starts',
      { kind: 'lost', lost: { ...base, firstSeq: 1, lastSeq: 2 } },
      'lost.end_ms',
    ],
    [
      'a loss of numbers the wrong way round',
      { kind: 'lost', lost: { ...base, firstSeq: 3, lastSeq: 2 } },
      'lost.last_seq',
    ],
    [
      'a stamp of another century',
      { kind: 'goodbye', goodbye: { atMs: 5, reason: 'stop' } },
      'goodbye.at_ms',
    ],
  ])('%s is refused', (_, record, field) => {
    expect(decodeRecord(encodeRecord(record), () => null)).toMatchObject({
      status: 'refused',
      code: 'record_out_of_range',
      sentence: expect.stringContaining(field),
    })
  })

  test('a gap under a code that is no unknown is refused, its span kept', async () => {
    const { generated } = await import('../../../shared/src/wire/runtime.ts')
    const gap = {
      startMs: RECORDS_START_MS,
      endMs: RECORDS_START_MS + 5,
      code: runCode('free/proven'),
      bootId: '',
    }
    expect(decodeRecord(generated.Record.encode({ gap }).finish(), () => null)).toMatchObject({
      status: 'refused',
      sentence: expect.stringContaining('gap.code'),
      spanStartMs: RECORDS_START_MS,
      spanEndMs: RECORDS_START_MS + 5,
    })
  })
})

function manyUnits(): readonly number[] {
  return Array.from({ length: 1024 }, (_, index) => index)
}

/** Valid records with some bytes overwritten, cut or doubled: closer to the code than pure noise. */
function mutated(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(arbitraryRecord, fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'double'))
    .map(([record, place, value, how]) => {
      const bytes = Uint8Array.from(encodeRecord(record))
      const at = bytes.length === 0 ? 0 : place % bytes.length
      if (how === 'cut') return bytes.slice(0, at)
      if (how === 'double') return Uint8Array.from([...bytes, ...bytes.slice(at)])
      bytes[at] = value
      return bytes
    })
}
