/**
 * What every storage backend promises, as one suite over a factory: the same tests for each backend
 * and for each way of running it.
 */
import { describe, onTestFinished } from 'vitest'
import type { Store } from '../../collector/src/storage/store.ts'
import { accessSuite } from './access.suite.ts'
import { accountsSuite } from './accounts.suite.ts'
import { bankSuite } from './bank.suite.ts'
import { childCardsSuite } from './child-cards.suite.ts'
import { childrenSuite } from './children.suite.ts'
import { drawBoundsSuite } from './draw-bounds.suite.ts'
import { drawCopiesSuite } from './draw-copies.suite.ts'
import { drawsSuite } from './draws.suite.ts'
import { feedSuite } from './feed.suite.ts'
import { Fleet } from './fleet.ts'
import { forecastSuite } from './forecast.suite.ts'
import { grantsSuite } from './grants.suite.ts'
import { ingestSuite } from './ingest.suite.ts'
import { inventorySuite } from './inventory.suite.ts'
import { journalSuite } from './journal.suite.ts'
import { ledgerSuite } from './ledger.suite.ts'
import { nodeKeysSuite } from './node-keys.suite.ts'
import { nodesSuite } from './nodes.suite.ts'
import { offersSuite } from './offers.suite.ts'
import { placedSuite } from './placed.suite.ts'
import { plausibilitySuite } from './plausibility.suite.ts'
import { policySuite } from './policy.suite.ts'
import { readsSuite } from './reads.suite.ts'
import { reportsSuite } from './reports.suite.ts'
import { retentionSuite } from './retention.suite.ts'
import { rollupSuite } from './rollup.suite.ts'
import { rosterSuite } from './roster.suite.ts'
import { scopeSuite } from './scope.suite.ts'
import { siteFactsSuite } from './site-facts.suite.ts'
import { sumsSuite } from './sums.suite.ts'

/** Opens an empty store; the suite closes it. */
export type OpenStore = () => Promise<Store>

/** A fleet in a fresh store that is closed when the test ends. */
export type OpenFleet = () => Promise<Fleet>

export interface SuiteOptions {
  /** Only what touches each way into the backend, where opening a store is slow. */
  readonly isShort?: boolean
  /** Runs and hours of cards go by whole months, each of the two in one call. */
  readonly goesByMonth?: boolean
}

export function storeSuite(name: string, open: OpenStore, options: SuiteOptions = {}): void {
  const openFleet: OpenFleet = async () => {
    const store = await open()
    onTestFinished(() => store.close())
    return new Fleet(store)
  }
  describe(name, () => {
    describe('roster', () => rosterSuite(openFleet))
    describe('ingest', () => ingestSuite(openFleet))
    describe('journal', () => journalSuite(openFleet))
    describe('scope', () => scopeSuite(openFleet))
    describe('site facts', () => siteFactsSuite(openFleet))
    describe('ledger', () => ledgerSuite(openFleet))
    if (options.isShort === true) return
    describe('inventory', () => inventorySuite(openFleet))
    describe('nodes', () => nodesSuite(openFleet))
    describe('node keys', () => nodeKeysSuite(openFleet))
    describe('bank', () => bankSuite(openFleet))
    describe('children', () => childrenSuite(openFleet))
    describe('cards of children', () => childCardsSuite(openFleet))
    describe('policy', () => policySuite(openFleet))
    describe('offers', () => offersSuite(openFleet))
    describe('feed', () => feedSuite(openFleet))
    describe('forecast', () => forecastSuite(openFleet))
    describe('draws', () => drawsSuite(openFleet))
    describe('placed draws', () => placedSuite(openFleet))
    describe('grants', () => grantsSuite(openFleet))
    describe('draw bounds', () => drawBoundsSuite(openFleet))
    describe('draw copies', () => drawCopiesSuite(openFleet))
    describe('accounts', () => accountsSuite(openFleet))
    describe('access', () => accessSuite(openFleet))
    describe('rollup', () => rollupSuite(openFleet))
    describe('sums', () => sumsSuite(openFleet))
    describe('retention', () => retentionSuite(openFleet, options.goesByMonth ?? false))
    describe('reports', () => reportsSuite(openFleet))
    describe('reads', () => readsSuite(openFleet))
    describe('plausibility', () => plausibilitySuite(openFleet))
  })
}
