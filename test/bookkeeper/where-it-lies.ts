/** Where the time of a claim lies by the second bookkeeper's rules: one instant after the other. Pure. */
import type { RunName } from '@yiben/shared'
import type { Account } from '../../collector/src/model/draw.ts'
import type { Book, LentBook } from './book.ts'
import type { Evidence } from './evidence.ts'

export interface AsOf {
  readonly nowMs: number
  /** What is unproven before stays so. */
  readonly finalBeforeMs: number
}

/** Where every millisecond of the promise lies, once all that was told has been settled. */
export function accountsOf(book: Book, evidence: Evidence, at: AsOf): ReadonlyMap<Account, number> {
  const sums = new Map<Account, number>()
  const { startMs, untilMs } = book
  if (startMs === null || untilMs === null) return sums
  const edges = edgesOf({ ...book, startMs, untilMs }, evidence, at)
  for (const [position, fromMs] of edges.entries()) {
    const toMs = edges[position + 1]
    if (toMs === undefined) break
    const account = accountAt(book, evidence, fromMs, at)
    sums.set(account, (sums.get(account) ?? 0) + toMs - fromMs)
  }
  return sums
}

/** Of one instant. */
function accountAt(book: Book, evidence: Evidence, atMs: number, at: AsOf): Account {
  const { nowMs, finalBeforeMs } = at
  const move = book.moves.findLast(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)
  if (move !== undefined) return move.account
  const unproven = atMs < finalBeforeMs ? 'broken_unproven' : 'unproven'
  const { nodeId, unitId } = book
  if (nodeId === null || unitId === null) return 'pending'
  const run = evidence.file(unitId).runs.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)
  if (run !== undefined) return accountOfRun(run.name, book.state === 'leased', unproven)
  const isGivenUp = evidence.isSilent(nodeId) && atMs < nowMs
  return isGivenUp || atMs < finalBeforeMs ? unproven : 'pending'
}

function edgesOf(
  book: LentBook,
  evidence: Evidence,
  { nowMs, finalBeforeMs }: AsOf,
): readonly number[] {
  const { startMs, untilMs } = book
  const runs = book.unitId === null ? [] : evidence.file(book.unitId).runs
  const all = [
    startMs,
    untilMs,
    nowMs,
    finalBeforeMs,
    ...book.moves.flatMap(({ fromMs, toMs }) => [fromMs, toMs]),
    ...runs.flatMap(({ fromMs, toMs }) => [fromMs, toMs]),
  ]
  const within = all.filter((edge) => edge >= startMs && edge <= untilMs)
  return [...new Set(within)].sort((left, right) => left - right)
}

const INTERRUPTED: readonly RunName[] = [
  'unknown/restart',
  'unknown/reboot',
  'unknown/suspend',
  'unknown/stopped',
  'unknown/upgrade',
  'unknown/paused',
]

function accountOfRun(name: RunName, isLeased: boolean, unproven: Account): Account {
  if (name === 'busy/overstay' || name === 'occupied/overstay')
    return isLeased ? 'pending' : unproven
  if (name.startsWith('busy')) return 'delivered_active'
  if (name.startsWith('free') || name.startsWith('occupied')) return 'delivered_idle'
  if (name.startsWith('allocated')) return isLeased ? 'pending' : 'broken_recall'
  if (name.startsWith('faulty') || INTERRUPTED.includes(name)) return 'broken_interrupted'
  return unproven
}
