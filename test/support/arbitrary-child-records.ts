/** Random records of a child collector within the ranges of the wire, for properties. */
import {
  type ChildRecord,
  HOUR_MS,
  IDENTITY_STRENGTHS,
  type ReportedBucket,
  STATES,
  VENDORS,
} from '@yiben/shared'
import fc from 'fast-check'
import { RECORDS_START_MS } from './records.ts'

const timeMs = fc.integer({ min: RECORDS_START_MS, max: RECORDS_START_MS + 1000 * HOUR_MS })
const statedMs = fc.oneof(fc.constant(0), timeMs)
const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((drawn) => Buffer.from(drawn).toString('hex'))
const word = fc.stringMatching(/^[A-Z0-9-]{1,20}$/)
const name = fc.constantFrom('甲地', 'NVIDIA A100-SXM4-80GB', '昇腾 910B', 'x')
const absentable = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null })
const count = fc.integer({ min: 0, max: 100_000 })
const big = fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) })

const reported = {
  origin: fc.oneof(hex(32), hex(33)),
  version: fc.record({
    generation: fc.integer({ min: 1, max: 9 }),
    number: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  }),
}
const profile = {
  vendor: fc.constantFrom(...VENDORS),
  name,
  memoryTotalMib: absentable(fc.integer({ min: 0, max: 1 << 20 })),
  powerCapWatts: absentable(fc.integer({ min: 0, max: 1000 })),
}
const identity = fc.record({
  keyNumber: fc.integer({ min: 0, max: 9 }),
  hash: hex(32),
  strength: fc.constantFrom(...IDENTITY_STRENGTHS),
})
const connection = fc.constantFrom(
  'connected' as const,
  'not_connected' as const,
  'lapsed' as const,
)

const collector = fc.record({
  ...reported,
  name,
  parentOrigin: absentable(hex(32)),
  programVersion: word,
  awaySinceMs: absentable(timeMs),
})

const terms = fc
  .record({
    operatorCode: absentable(word),
    operatorName: absentable(name),
    ownerCode: absentable(word),
    ownerName: absentable(name),
    regionCode: word,
    validFromMs: statedMs,
    lastsMs: absentable(fc.integer({ min: 1, max: HOUR_MS })),
  })
  .map(({ lastsMs, ...terms }) => ({
    ...terms,
    validToMs: lastsMs === null ? null : terms.validFromMs + lastsMs,
  }))

const site = fc.record({
  ...reported,
  siteCode: word,
  name,
  terms: fc.uniqueArray(terms, { maxLength: 4, selector: (one) => one.validFromMs }),
  declared: fc.uniqueArray(
    fc.record({
      model: word,
      cards: count,
      declaredMilliP: big,
      basis: fc.constantFrom('fp16_dense' as const, 'fp16_sparse' as const, 'unstated' as const),
      author: name,
      declaredAtMs: statedMs,
    }),
    { maxLength: 4, selector: (one) => `${one.model} ${one.declaredAtMs}` },
  ),
})

const node = fc.record({
  ...reported,
  nodeId: word,
  name,
  siteCode: word,
  isRevoked: fc.boolean(),
  cpuCores: absentable(count),
  cards: fc.uniqueArray(
    fc.record({
      unitNumber: fc.integer({ min: 1, max: 2 ** 40 }),
      acceleratorNumber: fc.integer({ min: 1, max: 2 ** 40 }),
      ...profile,
      identities: fc.array(identity, { maxLength: 3 }),
      validFromMs: timeMs,
      bookedToMs: absentable(timeMs),
      endedReason: absentable(fc.constantFrom('moved', 'retired')),
      isCounted: fc.boolean(),
      isInConflict: fc.boolean(),
    }),
    { maxLength: 6, selector: (card) => card.unitNumber },
  ),
})

function bucketOf(cards: number, cutsMs: readonly number[], others: readonly bigint[]) {
  // Seven spans that together are at most the hours of the cards.
  const wholeMs = cards * HOUR_MS
  const edges = [0, ...cutsMs.map((cut) => cut % (wholeMs + 1)).sort((a, b) => a - b)]
  const spans = edges.slice(1).map((edge, place) => BigInt(edge - (edges[place] ?? 0)))
  const [busyMs, allocatedMs, occupiedMs, freeMs, faultyMs, unknownMs, lentMs] = spans
  const [depositedMs, activeMs, givenMs, energyJoules, expected, got, zero, below] = others
  return {
    cards,
    busyMs,
    allocatedMs,
    occupiedMs,
    freeMs,
    faultyMs,
    unknownMs,
    lentMs,
    depositedMs,
    activeMs,
    givenMs,
    energyJoules,
    samplesExpected: expected,
    samplesGot: got,
    samplesZero: zero,
    samplesBelowTenth: below,
  } as Omit<ReportedBucket, 'ownerCode' | keyof typeof profile>
}

const bucket = fc
  .tuple(
    fc.record({ ownerCode: fc.oneof(word, fc.constant('')), ...profile }),
    fc.integer({ min: 0, max: 200_000 }),
    fc.array(fc.nat(), { minLength: 7, maxLength: 7 }),
    fc.array(big, { minLength: 8, maxLength: 8 }),
  )
  .map(([head, cards, cuts, others]) => ({ ...head, ...bucketOf(cards, cuts, others) }))

const hour = fc.record({
  ...reported,
  siteCode: word,
  hourMs: fc.nat({ max: 1000 }).map((hours) => RECORDS_START_MS + hours * HOUR_MS),
  sealVersion: fc.nat({ max: 9 }),
  knownAtMs: timeMs,
  buckets: fc.uniqueArray(bucket, { maxLength: 5, selector: (one) => one.ownerCode }),
})

const counts = fc.record({
  ...reported,
  siteCode: word,
  atMs: timeMs,
  counts: fc.uniqueArray(
    fc.record({
      ownerCode: word,
      ...profile,
      connection,
      state: absentable(fc.constantFrom(...STATES)),
      isDeposited: fc.boolean(),
      isSchedulerRead: fc.boolean(),
      cards: count,
    }),
    { maxLength: 5, selector: (one) => one.ownerCode },
  ),
  nodes: fc.uniqueArray(
    fc.record({
      ownerCode: word,
      connection,
      nodes: count,
      nodesWithoutCores: count,
      cores: count,
    }),
    { maxLength: 3, selector: (one) => one.ownerCode },
  ),
})

const checkpoint = fc.record({
  ...reported,
  note: word.map((origin) => `yiben/${origin}\n12\nAAAA\n\n— 甲 BBBB\n`),
})

export const arbitraryChildRecord: fc.Arbitrary<ChildRecord> = fc.oneof(
  collector.map((collector) => ({ kind: 'collector' as const, collector })),
  site.map((site) => ({ kind: 'site' as const, site })),
  node.map((node) => ({ kind: 'node' as const, node })),
  hour.map((hour) => ({ kind: 'hour' as const, hour })),
  counts.map((counts) => ({ kind: 'counts' as const, counts })),
  checkpoint.map((checkpoint) => ({ kind: 'checkpoint' as const, checkpoint })),
)
