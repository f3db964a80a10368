/**
 * A read of the store for people without a scope does not compile: checked by the type checker, which
 * stops at an expectation that is not met and at an error that was expected and is not there.
 */
import { expect, expectTypeOf, test } from 'vitest'
import type { Scope } from '../../../collector/src/storage/requests.ts'
import type { Store } from '../../../collector/src/storage/store.ts'

/** What answers of people are made of. */
const READS = [
  'findConflict',
  'findNode',
  'findReport',
  'findUnits',
  'listConflicts',
  'listCorrections',
  'listDeposits',
  'listDraws',
  'listNodes',
  'listReports',
  'listSites',
  'listUnits',
  'readAccounts',
  'readBuckets',
  'readDeclared',
  'readDrawMoves',
  'readFactStatements',
  'readFreeUnits',
  'readLedgerAt',
  'readNodeHealth',
  'readNodeSpans',
  'readOffers',
  'readQuality',
  'readSiteFactHistory',
  'readSiteFactsAt',
  'readSiteRecords',
  'readSitesAt',
  'readSums',
  'readUnitSpan',
  'readUnits',
] as const satisfies readonly (keyof Store)[]

type Read = (typeof READS)[number]

test('every read for people takes the scope first', () => {
  expectTypeOf<Parameters<Store[Read]>[0]>().toEqualTypeOf<Scope>()
  const noStore = {} as Store
  // @ts-expect-error: without a scope
  const ask = () => noStore.listNodes({ cursor: null, limit: 1 })
  // @ts-expect-error: with something else in its place
  const guess = () => noStore.readLedgerAt('all', { asOfMs: 0, knownAtMs: 0 })
  expect([ask, guess].every((call) => typeof call === 'function')).toBe(true)
})
