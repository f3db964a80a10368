/**
 * How the serving process comes to its ledger: waits for space, may take long where the format
 * changes, and says so; and to the second journal where one is configured.
 */
import {
  type AppError,
  type Logger,
  openWithSpace,
  type ServiceManager,
  type World,
} from '@yiben/shared'
import type { CollectorConfig } from '../config.ts'
import { SecondJournal } from '../journal/second-journal.ts'
import { copyBeforeMigration, openServingStore } from '../storage/open.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { ThreadedStore } from '../storage/threaded-store.ts'

export interface LedgerOptions {
  readonly config: CollectorConfig
  readonly world: World
  readonly log: Logger
  /** Aborted by SIGTERM and SIGINT. */
  readonly stopSignal: AbortSignal
  /** Told how the start goes; `null`, or left out: nobody asks. */
  readonly manager?: ServiceManager | null
}

/** `null`: told to stop before there was space. */
export async function openLedger(
  { config, log, manager = null, stopSignal, world }: LedgerOptions,
  onDeath: (error: AppError) => void,
): Promise<ThreadedStore | null> {
  const { dataDir, isDemo, storage } = config
  const { clock, random } = world
  const open = () => openServingStore({ dataDir, isDemo, storage, random, clock, onDeath })
  const copyBefore = copyBeforeMigration(dataDir)
  const store = await openWithSpace({
    // A new format takes as long as the ledger is large; waiting for space is no work.
    open: () => (manager === null ? open() : manager.starting('opening the ledger', open)),
    clock: world.clock,
    log,
    signal: stopSignal,
  })
  const copy = copyBeforeMigration(dataDir)
  if (copy !== copyBefore) log.info({ copy }, 'the ledger has a new format; this is how it was')
  return store
}

/** `null`: decisions are on one disk alone, and no copy of any is kept for another. */
export async function openSecondJournal(
  { config, log, world }: LedgerOptions,
  store: ThreadedStore,
  ledger: LedgerState,
): Promise<SecondJournal | null> {
  const { secondJournalDir: folder } = config.upkeep
  if (folder === null) {
    await store.keepDrawCopies(false)
    return null
  }
  const second = new SecondJournal({ folder, store, ledger, clock: world.clock, logger: log })
  await second.start()
  return second
}
