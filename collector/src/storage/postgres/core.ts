/**
 * Every promise of the port over one transaction: the methods of each subject, each run in the kind
 * of transaction that the table of methods gives it, and numbered before it commits.
 */
import { METHODS, type StoreMethod } from '../methods.ts'
import type { Store } from '../store.ts'
import { accessMethods } from './access.ts'
import { accountMethods } from './accounts.ts'
import { auditMethods } from './audit.ts'
import { backupMethods } from './backup.ts'
import { childMethods } from './children.ts'
import { codeMethods } from './codes.ts'
import { conflictMethods } from './conflicts.ts'
import { depositMethods } from './deposits.ts'
import { drawCopyMethods } from './draw-copies.ts'
import { drawMethods } from './draws.ts'
import type { Database, Pool } from './driver.ts'
import { feedMethods } from './feed.ts'
import { forecastMethods } from './forecast.ts'
import { grantMethods } from './grant-cards.ts'
import { ingestMethods } from './ingest.ts'
import { inventoryMethods } from './inventory.ts'
import { journalMethods } from './journal.ts'
import { journalTreeMethods } from './journal-tree.ts'
import { readLedger } from './ledger.ts'
import { nodeKeyMethods } from './node-keys.ts'
import { nodeMethods } from './nodes.ts'
import { offerMethods } from './offers.ts'
import { writeNumbered } from './outbox.ts'
import { placedMethods } from './placed.ts'
import { plausibilityMethods } from './plausibility.ts'
import { policyMethods } from './policy.ts'
import { readMethods } from './reads.ts'
import { recoveryMethods } from './recovery.ts'
import { reportMethods } from './reports.ts'
import { retentionMethods } from './retention.ts'
import { rollupMethods } from './rollup.ts'
import { rosterMethods } from './roster.ts'
import { silenceMethods } from './silences.ts'
import { siteFactsMethods } from './site-facts.ts'
import { siteMethods } from './sites.ts'
import { sumMethods } from './sums.ts'
import { tokenMethods } from './tokens.ts'
import { unitMethods } from './units.ts'

/** Connections for what decides, and for what people read: a long answer delays no decision. */
export interface Pools {
  readonly writers: Pool
  readonly readers: Pool
}

type Methods = Omit<Store, 'close'>

/** Runs one method of the port in its transaction. */
export async function callOver(
  { readers, writers }: Pools,
  method: StoreMethod,
  args: readonly unknown[],
): Promise<unknown> {
  const kind = METHODS[method]
  const body = (db: Database) => {
    // The table gives each method the argument types of the port; callers are typed by it.
    const run = methodsOf(db)[method] as (...args: readonly unknown[]) => Promise<unknown>
    return run(...args)
  }
  if (kind !== 'write') {
    return await (kind === 'decide' ? writers : readers).transaction('read', body)
  }
  return await writers.transaction('write', async (db) => {
    const result = await body(db)
    await writeNumbered(db)
    return result
  })
}

/** Within one transaction, whatever the kind of it: what is written is not numbered. */
export function methodsOf(db: Database): Methods {
  return {
    ledgerState: () => readLedger(db),
    ...backupMethods(),
    ...siteMethods(db),
    ...siteFactsMethods(db),
    ...codeMethods(db),
    ...tokenMethods(db),
    ...childMethods(db),
    ...feedMethods(db),
    ...accessMethods(db),
    ...auditMethods(db),
    ...rosterMethods(db),
    ...nodeKeyMethods(db),
    ...ingestMethods(db),
    ...inventoryMethods(db),
    ...conflictMethods(db),
    ...silenceMethods(db),
    ...depositMethods(db),
    ...policyMethods(db),
    ...offerMethods(db),
    ...forecastMethods(db),
    ...drawMethods(db),
    ...drawCopyMethods(db),
    ...placedMethods(db),
    ...accountMethods(db),
    ...grantMethods(db),
    ...recoveryMethods(db),
    ...journalMethods(db),
    ...journalTreeMethods(db),
    ...rollupMethods(db),
    ...retentionMethods(db),
    ...plausibilityMethods(db),
    ...sumMethods(db),
    ...reportMethods(db),
    ...unitMethods(db),
    ...nodeMethods(db),
    ...readMethods(db),
  }
}
