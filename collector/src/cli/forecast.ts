/**
 * `forecast replay`: replays traces in time order and answers each decision from what was known before
 * it. Reads files and writes one; no ledger is opened. A wrong file or line is wrong usage.
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { AppError, errorSentence, type World } from '@yiben/shared'
import { judgeSamples, type ReplayResult, replay } from '../forecast/replay.ts'
import type { HorizonScore } from '../forecast/score.ts'
import {
  type DecisionRow,
  type IntervalRow,
  readDecisions,
  readTrace,
  type UtilizationRow,
} from '../forecast/trace.ts'
import { type CommandResult, jsonText } from './command.ts'

export interface ForecastReplayOptions {
  readonly trace: readonly string[]
  readonly from: string
  readonly decisions?: string
  readonly out: string
}

/** Lines that are joined before they are written. */
const LINES_AT_ONCE = 5_000
const HEADER = 'window_id,decision_epoch_s,horizon_s,p'
const DIGITS = 5

export async function runForecastReplay(
  { world, json }: { readonly world: World; readonly json: boolean },
  options: ForecastReplayOptions,
): Promise<CommandResult> {
  const fromS = epochOf(options.from)
  const beganMs = world.clock.monotonicMs()
  const { intervals, samples } = await readTraces(options.trace)
  if (intervals.length > 0 && options.decisions === undefined) {
    throw new AppError('usage_invalid', '--decisions FILE is needed: what is to be answered')
  }
  const decisions = options.decisions === undefined ? [] : await readDecisions(options.decisions)
  if (intervals.length === 0 && decisions.length > 0) {
    const sentence = 'a utilization trace opens no window, so there is nothing to decide about'
    throw new AppError('usage_invalid', `${options.decisions}: ${sentence}`)
  }
  const result = replay(intervals, decisions)
  await writePredictions(options.out, decisions, result.probabilities)
  const facts = {
    from_epoch_s: fromS,
    decisions: decisions.length,
    decisions_before_from: decisions.filter(({ epochS }) => epochS < fromS).length,
    ...factsOf(result),
    samples: samples.length === 0 ? null : { ...judgeSamples(samples), windows: 0, deposits: 0 },
    duration_ms: Math.round(world.clock.monotonicMs() - beganMs),
  }
  return { exitCode: 0, stdout: json ? jsonText(facts) : sentences(facts, result.score) }
}

function factsOf({ cards, pools, events, trainings, score }: ReplayResult) {
  return {
    cards,
    pools,
    events,
    trainings,
    own_score: score.map((one) => ({
      horizon_s: one.horizonMs / 1_000,
      guesses: Math.round(one.guesses),
      brier: one.brier,
      brier_kaplan_meier: one.brierReference,
      promises: Math.round(one.promises),
      promises_kept_share: one.promisesKeptShare,
    })),
  }
}

interface Facts {
  readonly decisions: number
  readonly decisions_before_from: number
  readonly cards: number
  readonly pools: number
  readonly trainings: number
  readonly samples: Readonly<Record<string, number>> | null
  readonly duration_ms: number
}

function sentences(facts: Facts, score: readonly HorizonScore[]): string {
  const { cards, pools, samples } = facts
  const lines = [
    `${facts.decisions} decisions answered in ${(facts.duration_ms / 1_000).toFixed(1)} s`,
  ]
  if (facts.decisions_before_from > 0) {
    lines.push(`${facts.decisions_before_from} of them lie before --from`)
  }
  if (cards > 0) lines.push(`${cards} cards in ${pools} pools, ${facts.trainings} trainings`)
  if (samples !== null) {
    const counts = Object.entries(samples).map(([state, count]) => `${state} ${count}`)
    lines.push(`samples of utilization: ${counts.join(', ')}`)
    lines.push('utilization proves nobody away: such a trace opens no window and deposits nothing')
  }
  for (const { horizonMs, brier, brierReference, promises, promisesKeptShare } of score) {
    if (brier === null || brierReference === null) continue
    const kept = promisesKeptShare === null ? 'none' : `${promisesKeptShare.toFixed(3)} kept`
    const figures = `Brier ${brier.toFixed(4)}, Kaplan-Meier ${brierReference.toFixed(4)}`
    lines.push(
      `own record, ${horizonMs / 3_600_000} h: ${figures}; ${promises.toFixed(0)} promises, ${kept}`,
    )
  }
  return `${lines.join('\n')}\n`
}

async function readTraces(files: readonly string[]) {
  const intervals: IntervalRow[] = []
  const samples: UtilizationRow[] = []
  for (const file of files) {
    const trace = await readTrace(file)
    // One by one: a trace has more rows than a call may have arguments.
    if (trace.kind === 'intervals') for (const row of trace.rows) intervals.push(row)
    else for (const row of trace.rows) samples.push(row)
  }
  return { intervals, samples }
}

async function writePredictions(
  file: string,
  decisions: readonly DecisionRow[],
  probabilities: readonly number[],
): Promise<void> {
  const stream = createWriteStream(file)
  try {
    await once(stream, 'open')
    let lines = [HEADER]
    for (const [index, { windowId, epochS, horizonS }] of decisions.entries()) {
      const probability = probabilities[index]?.toFixed(DIGITS)
      lines.push(`${windowId},${epochS},${horizonS},${probability}`)
      if (lines.length < LINES_AT_ONCE) continue
      if (!stream.write(`${lines.join('\n')}\n`)) await once(stream, 'drain')
      lines = []
    }
    stream.end(lines.length === 0 ? '' : `${lines.join('\n')}\n`)
    await once(stream, 'close')
  } catch (error) {
    const sentence = `--out ${file} cannot be written: ${errorSentence(error)}`
    throw new AppError('usage_invalid', sentence, { cause: error })
  }
}

function epochOf(text: string): number {
  if (!/^\d{1,10}$/.test(text)) {
    throw new AppError('usage_invalid', `--from must be whole seconds since 1970, not "${text}"`)
  }
  return Number(text)
}
