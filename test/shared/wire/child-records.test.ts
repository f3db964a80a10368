import {
  type ChildRecord,
  decodeChildRecord,
  decodeRecord,
  encodeChildRecord,
  encodeRecord,
  HOUR_MS,
  type HourReport,
  NOTE_BYTES_MAX,
  RECORD_BYTES_MAX,
  type ReportedBucket,
  type SiteReport,
  TIME_MS_MAX,
} from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { generated } from '../../../shared/src/wire/runtime.ts'
import { arbitraryChildRecord } from '../../support/arbitrary-child-records.ts'
import { arbitraryRecord } from '../../support/arbitrary-records.ts'
import { RECORDS_START_MS } from '../../support/records.ts'

const ORIGIN = 'ab'.repeat(32)
const VERSION = { generation: 1, number: 7 }
const REPORTED = { origin: ORIGIN, version: VERSION }
const TERMS = {
  operatorCode: null,
  operatorName: null,
  ownerCode: null,
  ownerName: null,
  regionCode: '440300',
  validFromMs: 0,
  validToMs: null,
}
const SITE: SiteReport = {
  ...REPORTED,
  siteCode: 'CN-SZ-01',
  name: '深圳一号',
  terms: [TERMS],
  declared: [],
}
const BUCKET: ReportedBucket = {
  ownerCode: '',
  vendor: 'nvidia',
  name: 'NVIDIA A100',
  memoryTotalMib: null,
  powerCapWatts: 0,
  cards: 1,
  busyMs: 1n,
  allocatedMs: 0n,
  occupiedMs: 0n,
  freeMs: BigInt(HOUR_MS) - 1n,
  faultyMs: 0n,
  unknownMs: 0n,
  lentMs: 0n,
  depositedMs: 0n,
  activeMs: 0n,
  givenMs: 0n,
  energyJoules: 0n,
  samplesExpected: 360n,
  samplesGot: 360n,
  samplesZero: 0n,
  samplesBelowTenth: 0n,
}
const HOUR: HourReport = {
  ...REPORTED,
  siteCode: 'CN-SZ-01',
  hourMs: RECORDS_START_MS,
  sealVersion: 1,
  knownAtMs: RECORDS_START_MS + HOUR_MS,
  buckets: [BUCKET],
}

const siteWith = (change: Partial<SiteReport>): ChildRecord => ({
  kind: 'site',
  site: { ...SITE, ...change },
})
const hourWith = (change: Partial<HourReport>): ChildRecord => ({
  kind: 'hour',
  hour: { ...HOUR, ...change },
})
const bucketWith = (change: Partial<ReportedBucket>) =>
  hourWith({ buckets: [{ ...BUCKET, ...change }] })
const noteOf = (note: string): ChildRecord => ({
  kind: 'checkpoint',
  checkpoint: { ...REPORTED, note },
})

describe('records of a child', () => {
  test('decode to what was encoded', () => {
    fc.assert(
      fc.property(arbitraryChildRecord, (record) => {
        expect(decodeChildRecord(encodeChildRecord(record))).toEqual({ status: 'ok', record })
      }),
      { numRuns: 500 },
    )
  })

  test('are refused where an agent speaks, and an agent’s where a child speaks', () => {
    fc.assert(
      fc.property(arbitraryChildRecord, arbitraryRecord, (told, measured) => {
        expect(decodeRecord(encodeChildRecord(told), () => [0])).toMatchObject({
          status: 'refused',
          code: 'record_undecodable',
        })
        expect(decodeChildRecord(encodeRecord(measured))).toMatchObject({
          status: 'refused',
          code: 'record_undecodable',
        })
      }),
    )
  })

  test('any garbage is refused or read, and never thrown', () => {
    const mutated = fc
      .tuple(arbitraryChildRecord, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([record, at, value]) => {
        const bytes = encodeChildRecord(record).slice()
        bytes[at % bytes.length] = value
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), (bytes) => {
        const result = decodeChildRecord(bytes)
        if (result.status === 'refused') expect(result.sentence).not.toBe('')
        // What was read can be passed on, and means the same there.
        else {
          expect(decodeChildRecord(encodeChildRecord(result.record))).toEqual(result)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('a record past the bound is refused before it is decoded', () => {
    expect(decodeChildRecord(new Uint8Array(RECORD_BYTES_MAX + 1))).toMatchObject({
      status: 'refused',
      code: 'record_undecodable',
    })
  })

  test.each<[string, ChildRecord, string]>([
    ['an origin that is no key', siteWith({ origin: 'abcd' }), 'reported.origin'],
    ['no version', siteWith({ version: { generation: 1, number: 0 } }), 'reported.number'],
    [
      'a version past what a number holds',
      siteWith({ version: { generation: 1, number: 2 ** 60 } }),
      'reported.number',
    ],
    ['no generation', siteWith({ version: { generation: 0, number: 1 } }), 'reported.generation'],
    ['a site without a code', siteWith({ siteCode: '' }), 'site.site_code'],
    ['a code longer than codes are', siteWith({ siteCode: 'A'.repeat(65) }), 'site.site_code'],
    [
      'terms that end before they begin',
      siteWith({ terms: [{ ...TERMS, validFromMs: 5, validToMs: 5 }] }),
      'terms.valid_to_ms',
    ],
    ['the same terms twice', siteWith({ terms: [TERMS, TERMS] }), 'site.terms'],
    [
      'more terms than a site has',
      siteWith({ terms: Array.from({ length: 1025 }, (_, at) => ({ ...TERMS, validFromMs: at })) }),
      'site.terms',
    ],
    ['half an hour', hourWith({ hourMs: RECORDS_START_MS + HOUR_MS / 2 }), 'hour.hour_ms'],
    ['an hour of another century', hourWith({ hourMs: TIME_MS_MAX + HOUR_MS }), 'hour.hour_ms'],
    ['the same bucket twice', hourWith({ buckets: [BUCKET, BUCKET] }), 'hour.buckets'],
    ['more time than cards have', bucketWith({ busyMs: 2n }), 'bucket.figures'],
    ['time without cards', bucketWith({ cards: 0 }), 'bucket.figures'],
    ['energy past what a number holds', bucketWith({ energyJoules: 2n ** 60n }), 'energyJoules'],
  ])('with %s is refused and named', (_, record, field) => {
    const result = decodeChildRecord(encodeChildRecord(record))
    expect(result).toMatchObject({ status: 'refused', code: 'record_out_of_range' })
    expect(result.status === 'refused' && result.sentence).toContain(field)
  })

  test('a note past the bound is neither written nor read', () => {
    const longest = 'x'.repeat(NOTE_BYTES_MAX)
    expect(decodeChildRecord(encodeChildRecord(noteOf(longest))).status).toBe('ok')
    expect(() => encodeChildRecord(noteOf(`${longest}x`))).toThrow('bounded')
    const reported = { origin: Buffer.from(ORIGIN, 'hex'), ...VERSION }
    const bytes = generated.Record.encode({
      checkpointReport: { reported, note: `${longest}x` },
    }).finish()
    expect(decodeChildRecord(bytes)).toMatchObject({
      status: 'refused',
      sentence: 'checkpoint.note is no text of bounded length',
    })
  })

  test('fewer figures than a bucket has are refused, more of them are of a newer child', () => {
    const withFigures = (count: number) =>
      generated.Record.encode({
        hourReport: {
          reported: { origin: Buffer.from(ORIGIN, 'hex'), ...VERSION },
          siteCode: 'CN-SZ-01',
          hourMs: RECORDS_START_MS,
          knownAtMs: RECORDS_START_MS,
          buckets: [
            {
              profile: { vendor: 'nvidia', name: 'NVIDIA A100' },
              cards: 1,
              figures: Array.from({ length: count }, () => 1),
            },
          ],
        },
      }).finish()
    expect(decodeChildRecord(withFigures(14))).toMatchObject({
      status: 'refused',
      sentence: 'bucket.figures are 14, not 15',
    })
    expect(decodeChildRecord(withFigures(16))).toMatchObject({
      status: 'ok',
      record: { hour: { buckets: [{ busyMs: 1n, samplesBelowTenth: 1n }] } },
    })
  })
})
