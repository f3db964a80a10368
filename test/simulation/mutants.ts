/** Collectors with one fault each, planted where they write: the checks must find every one. */
import { runCode, stateOf } from '@yiben/shared'
import type { DrawChange } from '../../collector/src/storage/draw-requests.ts'
import type { IngestCommit, IngestResult } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import type { RestoreMutant } from './collector.ts'
import type { StoreMutant } from './store.ts'

export interface Mutant {
  readonly name: string
  readonly mutant?: StoreMutant
  /** Of a restore, and of no collector that runs. */
  readonly restoreMutant?: RestoreMutant
  /** What befalls each of its worlds, first of all. */
  readonly always?: readonly string[]
  /** What the checks say when they find it. */
  readonly found: RegExp
  /** In a world with a bank. */
  readonly isLending?: boolean
  /** Of the first world it is let loose in, where few worlds show it. Default 1. */
  readonly seedFrom?: number
}

const RESTORED = ['collector restored from a backup'] as const
/** Some of what a forger tells is of the cards of others. */
const FORGED = ['forger let in', 'forger let in', 'forger let in'] as const
const FREE = runCode('free/proven')
const MINUTE_MS = 60_000

/** `store` with some of its methods replaced. */
function altered(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get: (inner, name) => Reflect.get(methods, name) ?? Reflect.get(inner, name),
  })
}

function alteredCommits(alter: (commit: IngestCommit) => IngestCommit): StoreMutant {
  return (store) =>
    altered(store, { commitIngest: (commits) => store.commitIngest(commits.map(alter)) })
}

function alteredDraws(alter: (change: DrawChange) => DrawChange): StoreMutant {
  return (store) =>
    altered(store, { commitDraws: (changes) => store.commitDraws(changes.map(alter)) })
}

/** Answers at once and writes with the next commit: what is in between dies with the process. */
function acksBeforeItCommits(store: Store): Store {
  let waiting: readonly IngestCommit[] = []
  const flush = async () => {
    const commits = waiting
    waiting = []
    if (commits.length > 0) await store.commitIngest(commits)
  }
  const afterFlush =
    <Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await flush()
      return method(...args)
    }
  return altered(store, {
    commitIngest: async (commits): Promise<readonly IngestResult[]> => {
      await flush()
      waiting = commits
      return commits.map((commit) => ({
        status: 'committed',
        changeSeq: commit.open.changeSeq + 1,
      }))
    },
    commitFacts: afterFlush(store.commitFacts),
    openSession: afterFlush(store.openSession),
    loadNode: afterFlush(store.loadNode),
    readClaims: afterFlush(store.readClaims),
  })
}

/** Of its words the last digit is another one. */
function forgedEntry(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8')
  return Buffer.from(text.replace(/(\d)(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10)))
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledges before it has committed',
    mutant: acksBeforeItCommits,
    found: /was acknowledged, the ledger holds/,
  },
  {
    name: 'books free where nothing is known',
    mutant: alteredCommits((commit) => ({
      ...commit,
      closedRuns: commit.closedRuns.map((run) =>
        stateOf(run.code) === 'unknown' ? { ...run, code: FREE } : run,
      ),
    })),
    found: /sent was .*booked is free/,
  },
  {
    name: 'counts an hour twice',
    mutant: alteredCommits((commit) => ({
      ...commit,
      unitHours: commit.unitHours.map((hour) => ({ ...hour, busyMs: 2 * hour.busyMs })),
    })),
    found: /busy is \d+ ms, its runs/,
  },
  {
    name: 'forgets a run',
    mutant: alteredCommits((commit) => ({ ...commit, closedRuns: commit.closedRuns.slice(1) })),
    found: /hole/,
  },
  {
    name: 'lets a window begin before its proof',
    mutant: alteredCommits((commit) => ({
      ...commit,
      open: {
        ...commit.open,
        units: commit.open.units.map(({ window, ...unit }) => ({
          ...unit,
          window: window === null ? null : { ...window, startMs: window.startMs - MINUTE_MS },
        })),
      },
    })),
    found: /does not begin free|its runs prove/,
  },
  {
    name: 'backdates deposits',
    mutant: (store) =>
      altered(store, {
        commitDeposits: (change) =>
          store.commitDeposits({
            ...change,
            openings: change.openings.map((opening) => ({
              ...opening,
              openedAtMs: opening.openedAtMs - MINUTE_MS,
            })),
          }),
      }),
    found: /is backdated/,
  },
  {
    name: 'closes deposits too late',
    mutant: (store) =>
      altered(store, {
        commitDeposits: (change) =>
          store.commitDeposits({
            ...change,
            closings: change.closings.map((closing) => ({
              ...closing,
              closedAtMs: closing.closedAtMs + MINUTE_MS,
            })),
          }),
      }),
    found: /outlives its proof/,
  },
  {
    name: 'seals hours and never corrects them',
    seedFrom: 27,
    mutant: alteredCommits((commit) => ({ ...commit, dirtyHours: [] })),
    found: /hour \d+ version 1: .* its runs say/,
  },
  {
    name: 'forgets steps of the nodes’ clocks',
    mutant: alteredCommits((commit) => ({ ...commit, clockSteps: [] })),
    found: /told were the clock steps/,
  },
  {
    name: 'forges the journal',
    mutant: (store) =>
      altered(store, {
        appendJournal: (head, entries) =>
          store.appendJournal(
            head,
            entries.map((entry) =>
              entry.kind === 'lot_closed' ? { ...entry, bytes: forgedEntry(entry.bytes) } : entry,
            ),
          ),
      }),
    found: /the journal: hash_differs/,
  },
  {
    name: 'says that a draw is posted before it is',
    mutant: (store) =>
      altered(store, {
        commitDraws: async (changes) => {
          const held = changes.filter(({ draw }) => draw.state !== 'posted')
          if (held.length > 0) await store.commitDraws(held)
          return changes.map(() => ({ status: 'committed' }))
        },
      }),
    found: /was posted, the ledger says (held|lapsed)/,
    isLending: true,
  },
  {
    name: 'promises more time than it accounts for',
    mutant: alteredDraws((change) => ({ ...change, postings: change.postings.slice(1) })),
    found: /promised \d+, posted|ms in pending/,
    isLending: true,
  },
  {
    name: 'is restored and believes to hold what it has lost',
    restoreMutant: { sql: 'UPDATE epochs SET watermark = watermark + 1 WHERE watermark > 0' },
    always: RESTORED,
    found: /nobody sent|the timeline ends at|is not acknowledged|sent was/,
  },
  {
    name: 'is restored and begins no new generation',
    restoreMutant: { keepsGeneration: true },
    always: RESTORED,
    found: /generation \d+ follows|was signed with two roots|was signed after one of/,
  },
  {
    name: 'is restored and has lost an entry of the journal',
    restoreMutant: { sql: 'DELETE FROM journal WHERE seq = (SELECT max(seq) - 1 FROM journal)' },
    always: RESTORED,
    found: /the journal: |does not fit/,
  },
  {
    name: 'believes whoever names a card that it was never another’s',
    mutant: (store) =>
      altered(store, {
        commitFacts: (commit) =>
          store.commitFacts({
            ...commit,
            ended: commit.ended.map((end) =>
              end.reason === 'moved'
                ? { ...end, validToMs: end.validToMs - MINUTE_MS, bookedToMs: end.validToMs }
                : end,
            ),
          }),
      }),
    always: FORGED,
    found: /add up to|sent was|overlap|its runs/,
  },
  {
    name: 'forgets that a card is claimed twice',
    mutant: alteredCommits((commit) => ({ ...commit, conflicts: [] })),
    always: FORGED,
    found: /add up to|is none of the ledger's there/,
  },
]
