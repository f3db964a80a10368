/** What must hold of free windows and deposits: never more than was proven, never backdated. */
import { runCode, stateOf } from '@yiben/shared'
import type { Deposit } from '../../collector/src/model/ledger.ts'
import type { StoredRun } from '../../collector/src/model/timeline.ts'
import type { NodeView, UnitView } from './ledger-view.ts'

/** DESIGN 1.2: a longer pause ends the window. */
const PAUSE_MS_MAX = 90_000
const GREY = runCode('busy/grey')

interface Window {
  readonly startMs: number
  readonly ageStartMs: number
  readonly endMs: number
  readonly provenMs: number
}

/**
 * B5: no deposit goes on past the owner's word, however soon the owner gave the card again. One that
 * is open may not have been looked at since; in a world `atRest` it has.
 */
export function vetoProblems(
  node: NodeView,
  vetoes: ReadonlyMap<string, readonly number[]>,
  atRest: boolean,
): string[] {
  return node.units.flatMap(({ deposits, identityHash, unit }) =>
    deposits.flatMap(({ closedAtMs, depositId, openedAtMs }) => {
      const endMs = closedAtMs ?? (atRest ? Number.POSITIVE_INFINITY : openedAtMs)
      const word = vetoes.get(identityHash)?.find((atMs) => openedAtMs <= atMs && atMs < endMs)
      if (word === undefined) return []
      return [`${node.name} unit ${unit.unitId}: ${depositId} outlives the owner's word at ${word}`]
    }),
  )
}

/**
 * `openedAt`: when the journal says that each deposit was opened. `lent`: those that were lent, which
 * go on while their card is another's, and then have the window that follows.
 */
export function depositProblems(
  node: NodeView,
  openedAt: ReadonlyMap<string, number>,
  lent: ReadonlySet<string>,
): string[] {
  const minFreeMs = node.state.open?.policy?.minFreeMs ?? 0
  return node.units.flatMap((view) => {
    const windows = windowsOf(view)
    return [
      ...windows.flatMap((window) => windowProblems(window, view)),
      ...overlapProblems(view),
      ...view.deposits.flatMap((deposit) => [
        ...(lent.has(deposit.depositId) ? [] : spanProblems(deposit, windows, minFreeMs)),
        ...backdateProblems(deposit, openedAt),
      ]),
    ].map((problem) => `${node.name} unit ${view.unit.unitId}: ${problem}`)
  })
}

function windowsOf({ open, closedWindows }: UnitView): readonly Window[] {
  const current = open?.window ?? null
  if (current === null) return closedWindows
  return [...closedWindows, { ...current, endMs: current.provenToMs }]
}

/** A window is free at both ends, bears short pauses only, and proves what it says it proves. */
function windowProblems(window: Window, { span }: UnitView): string[] {
  const { startMs, ageStartMs, endMs, provenMs } = window
  const name = `window ${startMs}–${endMs}`
  const problems: string[] = []
  if (!(startMs <= ageStartMs && ageStartMs <= endMs)) problems.push(`${name} has a wrong age`)
  const inside = span.runs.flatMap((run) => clipped(run, startMs, endMs))
  const freeMs = inside.filter(isFree).reduce((sum, run) => sum + run.endMs - run.startMs, 0)
  if (freeMs !== provenMs) problems.push(`${name} claims ${provenMs} ms, its runs prove ${freeMs}`)
  const [first, last] = [inside[0], inside.at(-1)]
  if (first === undefined || !isFree(first) || first.startMs !== startMs) {
    problems.push(`${name} does not begin free`)
  }
  if (last === undefined || !isFree(last) || last.endMs !== endMs) {
    problems.push(`${name} does not end free`)
  }
  let pauseFromMs = startMs
  for (const run of inside) {
    if (isFree(run)) {
      if (run.startMs - pauseFromMs > PAUSE_MS_MAX) problems.push(`${name} bears a long pause`)
      pauseFromMs = run.endMs
    } else if (stateOf(run.code) !== 'unknown' && run.code !== GREY) {
      problems.push(`${name} holds time that is ${stateOf(run.code)}`)
    }
  }
  return problems
}

/** At most one open deposit, and none before the one before it has closed. */
function overlapProblems({ deposits }: UnitView): string[] {
  const ordered = [...deposits].sort((left, right) => left.openedAtMs - right.openedAtMs)
  const problems: string[] = []
  if (ordered.filter((deposit) => deposit.closedAtMs === null).length > 1) {
    problems.push('more than one deposit is open')
  }
  ordered.forEach((deposit, at) => {
    const before = ordered[at - 1]
    if (before === undefined) return
    if (before.closedAtMs === null || deposit.openedAtMs < before.closedAtMs) {
      problems.push(`deposit ${deposit.depositId} opens before ${before.depositId} has closed`)
    }
  })
  return problems
}

/** Inside its window from first to last: no time is deposited that was not proven free. */
function spanProblems(deposit: Deposit, windows: readonly Window[], minFreeMs: number): string[] {
  const { depositId, openedAtMs, closedAtMs, windowStartMs } = deposit
  const window = windows.find((one) => one.startMs === windowStartMs)
  const problems: string[] = []
  if (openedAtMs - windowStartMs < minFreeMs) {
    problems.push(`deposit ${depositId} was opened before ${minFreeMs} ms were proven`)
  }
  if (closedAtMs === null) return problems
  if (closedAtMs < openedAtMs) problems.push(`deposit ${depositId} closed before it opened`)
  const endMs = Math.max(openedAtMs, window?.endMs ?? openedAtMs)
  if (closedAtMs > endMs)
    problems.push(`deposit ${depositId} outlives its proof by ${closedAtMs - endMs} ms`)
  return problems
}

function backdateProblems(
  { depositId, openedAtMs }: Deposit,
  openedAt: ReadonlyMap<string, number>,
): string[] {
  const decidedAtMs = openedAt.get(depositId)
  if (decidedAtMs === undefined || openedAtMs >= decidedAtMs) return []
  return [`deposit ${depositId} is backdated by ${decidedAtMs - openedAtMs} ms`]
}

function isFree(run: { readonly code: StoredRun['code'] }): boolean {
  return stateOf(run.code) === 'free'
}

function clipped(run: StoredRun, fromMs: number, toMs: number): StoredRun[] {
  const startMs = Math.max(run.startMs, fromMs)
  const endMs = Math.min(run.endMs, toMs)
  return endMs > startMs ? [{ ...run, startMs, endMs }] : []
}
