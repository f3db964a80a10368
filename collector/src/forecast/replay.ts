/**
 * Replays traces in time order through the one `Forecaster` and answers each decision from what lies
 * before its instant: an event at the very instant is told only afterwards. Pure: rows in,
 * probabilities out, the same for the same input. Several traces are several sites in one replay;
 * rows of one device that touch are joined across files, what lies between others is unseen.
 *
 * A utilization trace opens no window: the detector's rules (DESIGN 2.1) need proof that nobody has the
 * card, and a trace of counters has neither a process list nor an owner to ask.
 */
import { AppError } from '@yiben/shared'
import type { CardState } from './fleet.ts'
import { Forecaster } from './forecaster.ts'
import { at, entry, SECOND_MS } from './numbers.ts'
import { between } from './pool.ts'
import { HORIZONS, HORIZONS_MS } from './pool-history.ts'
import type { HorizonScore } from './score.ts'
import type { DecisionRow, IntervalRow, UtilizationRow } from './trace.ts'
import { trainModels } from './train.ts'

/** DESIGN 2.1: above this a card is not quiet (grey up to 5 %, busy beyond; both are booked busy). */
const QUIET_PCT = 1
/** DESIGN 2.1: memory above an unapproved baseline of zero by more than this is in use. */
const MEMORY_SLACK_MIB = 256

export interface ReplayResult {
  /** In the order of the decisions. */
  readonly probabilities: readonly number[]
  readonly cards: number
  readonly pools: number
  readonly events: number
  readonly trainings: number
  /** The forecaster's own record at the end. */
  readonly score: readonly HorizonScore[]
}

/** What samples come to by the detector's rules; none of these states opens a window. */
export interface SampleVerdicts {
  readonly busy: number
  readonly occupied: number
  readonly unknown: number
}

interface Event {
  readonly atMs: number
  readonly card: number
  readonly state: CardState
}

export function replay(
  rows: readonly IntervalRow[],
  decisions: readonly DecisionRow[],
  forecaster: Forecaster = new Forecaster(),
  /** Told up to here, also where nothing is asked. */
  untilS = 0,
): ReplayResult {
  const cards = cardsOf(rows, forecaster)
  const events = eventsOf(rows, cards)
  const order = decisions.map((_, index) => index)
  order.sort((left, right) => entry(decisions, left).epochS - entry(decisions, right).epochS)
  const probabilities = new Array<number>(decisions.length)
  let told = 0
  let trainings = 0
  const trainIfDue = () => {
    if (!forecaster.isTrainingDue()) return
    forecaster.adopt(trainModels(forecaster.trainingSet()))
    trainings += 1
  }
  const tellUntil = (untilMs: number) => {
    for (; told < events.length; told += 1) {
      const event = entry(events, told)
      if (event.atMs >= untilMs) return
      forecaster.advance(event.atMs)
      trainIfDue()
      forecaster.change(event.card, event.state, event.atMs)
    }
  }
  for (const index of order) {
    const decision = entry(decisions, index)
    const nowMs = decision.epochS * SECOND_MS
    tellUntil(nowMs)
    forecaster.advance(nowMs)
    trainIfDue()
    probabilities[index] = answer(forecaster, decision, cards)
  }
  tellUntil(untilS * SECOND_MS)
  const pools = forecaster.pools().length
  const score = forecaster.score()
  return { probabilities, cards: cards.size, pools, events: events.length, trainings, score }
}

/** The verdict of each sample of a utilization trace. */
export function judgeSamples(rows: readonly UtilizationRow[]): SampleVerdicts {
  const counts = { busy: 0, occupied: 0, unknown: 0 }
  for (const { utilizationPct, memoryUsedMib } of rows) {
    const isQuiet = utilizationPct <= QUIET_PCT
    if (!isQuiet) counts.busy += 1
    else if (memoryUsedMib !== null && memoryUsedMib > MEMORY_SLACK_MIB) counts.occupied += 1
    else counts.unknown += 1
  }
  return counts
}

function answer(
  forecaster: Forecaster,
  { line, windowId, epochS, horizonS }: DecisionRow,
  cards: ReadonlyMap<string, number>,
): number {
  const horizonMs = horizonS * SECOND_MS
  const longestMs = at(HORIZONS_MS, HORIZONS - 1)
  if (horizonMs > longestMs) {
    throw refusal(line, `horizon_s must be at most ${longestMs / SECOND_MS} (8 hours)`)
  }
  const cut = windowId.lastIndexOf('@')
  const card = cards.get(windowId.slice(0, cut))
  if (card === undefined)
    throw refusal(line, `window_id names no device of the traces: ${windowId}`)
  const startMs = Number(windowId.slice(cut + 1)) * SECOND_MS
  const answered = forecaster.ask(card, epochS * SECOND_MS)
  if (answered === null || forecaster.windowStartMs(card) !== startMs) {
    throw refusal(line, `window ${windowId} is not open at decision_epoch_s ${epochS}`)
  }
  return between(answered.promised, horizonMs)
}

function refusal(line: number, sentence: string): AppError {
  return new AppError('usage_invalid', `decisions, line ${line}: ${sentence}`, { fields: { line } })
}

/** Cards in the order of their names: the order in which a scheduler fills nodes. */
function cardsOf(rows: readonly IntervalRow[], forecaster: Forecaster): Map<string, number> {
  const places = new Map(rows.map((row) => [row.deviceId, row]))
  const names = [...places.keys()].sort()
  return new Map(
    names.map((cardId) => {
      const { node, pool } = places.get(cardId) ?? { node: '', pool: '' }
      return [cardId, forecaster.cardOf({ cardId, nodeId: node, poolId: pool })]
    }),
  )
}

function eventsOf(rows: readonly IntervalRow[], cards: ReadonlyMap<string, number>): Event[] {
  const byCard = new Map<number, IntervalRow[]>()
  for (const row of rows) {
    const card = cards.get(row.deviceId) ?? -1
    const own = byCard.get(card)
    if (own === undefined) byCard.set(card, [row])
    else own.push(row)
  }
  const events: Event[] = []
  for (const [card, own] of byCard) {
    own.sort((left, right) => left.startS - right.startS)
    let endS = entry(own, 0).startS
    for (const row of own) {
      if (row.startS < endS) {
        const sentence = `rows of ${row.deviceId} overlap at ${row.startS} in different files`
        throw new AppError('usage_invalid', sentence)
      }
      if (row.startS > endS) events.push({ atMs: endS * SECOND_MS, card, state: 'unseen' })
      events.push({ atMs: row.startS * SECOND_MS, card, state: row.isIdle ? 'free' : 'taken' })
      endS = row.endS
    }
    events.push({ atMs: endS * SECOND_MS, card, state: 'unseen' })
  }
  return events.sort((left, right) => left.atMs - right.atMs || left.card - right.card)
}
