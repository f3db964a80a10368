/**
 * Folds a node's records into its evidence. Pure: state and records in, new rows out; the same
 * result however the records are cut into batches.
 *
 * The node's time is booked once and only at its end (`timelineEndMs`):
 *   - a tick that begins there is booked run by run; one that begins later leaves a hole, booked
 *     unknown(refused) and noted; one that begins earlier is refused, and what it claims past the
 *     end is booked unknown(refused);
 *   - a gap books its cause, a lost record unknown(lost), a refused record the span it claimed;
 *   - the first record of an epoch anchors: up to its start the time is unknown(epoch).
 * Facts records are not folded: they go through inventory/identity.ts, and `FoldState` carries what
 * came of them. `recordedAtMs` marks what arrived late (C14).
 */
import {
  AssertionFailure,
  type DepositPolicy,
  type ErrorCode,
  type Gap,
  HOUR_MS,
  type LeaseRecord,
  type Lost,
  type RunCode,
  runCode,
  TIME_MS_MIN,
  type Tick,
  unreachable,
  type Veto,
} from '@yiben/shared'
import type { OutboxEntry } from '../model/ledger.ts'
import type { ClockStep, OpenNode, RefusedRow, Silence } from '../model/timeline.ts'
import { CpuHours } from './cpu-hours.ts'
import type { FoldContext, FoldEffect, FoldState, StreamRecord } from './fold-state.ts'
import { FUTURE_MS_MAX, LATE_AFTER_MS, LATE_TICK_MS_MAX } from './fold-state.ts'
import { NodeBooking } from './node-booking.ts'

const REFUSED = runCode('unknown/refused')
const LOST = runCode('unknown/lost')
const EPOCH = runCode('unknown/epoch')
/** What is kept of a refused record's bytes. */
const REFUSED_BYTES_MAX = 4096

/** Folds `records`, none of which is a facts record that was accepted. */
export function foldRecords(
  state: FoldState,
  records: readonly StreamRecord[],
  context: FoldContext,
): FoldEffect {
  const fold = new Fold(state, context)
  for (const record of records) fold.take(record)
  return fold.finish()
}

/** Anchors a new epoch at its first facts record, which is no record of time itself. */
export function foldAnchor(state: FoldState, atMs: number, context: FoldContext): FoldEffect {
  const fold = new Fold(state, context)
  fold.anchor(atMs)
  return fold.finish()
}

class Fold {
  readonly #state: FoldState
  readonly #context: FoldContext
  readonly #node: NodeBooking
  readonly #cpu: CpuHours
  readonly #refused: RefusedRow[] = []
  readonly #refusedSeqs = new Set<number>()
  readonly #clockSteps: ClockStep[] = []
  readonly #leaseRecords: FoldEffect['leaseRecords'][number][] = []
  readonly #outbox: OutboxEntry[] = []
  readonly #silencesEnded: { silenceId: number; toMs: number }[] = []
  #silence: Silence | null
  #goodbye: FoldEffect['goodbye'] = null
  #epoch: string
  #policy: OpenNode['policy']

  constructor(state: FoldState, context: FoldContext) {
    this.#state = state
    this.#context = context
    this.#epoch = state.open?.epoch ?? ''
    this.#policy = state.open?.policy ?? null
    this.#silence = state.silences.find((silence) => silence.unitId === null) ?? null
    this.#cpu = new CpuHours(state.open?.cpu ?? null)
    this.#node = new NodeBooking(state, this.#silence?.fromMs ?? null)
  }

  take(record: StreamRecord): void {
    if (record.result.status === 'refused') {
      const { code, sentence, spanStartMs, spanEndMs } = record.result
      this.#refuse(record, code, sentence)
      if (spanStartMs !== undefined && spanEndMs !== undefined) {
        this.#bookRefused(spanStartMs, spanEndMs)
      }
      return
    }
    const one = record.result.record
    switch (one.kind) {
      case 'tick':
        this.#takeTick(record, one.tick)
        break
      case 'gap':
        this.#takeGap(record, one.gap)
        break
      case 'lost':
        this.#takeLost(record, one.lost)
        break
      case 'policy':
        this.#takePolicy(one.policy)
        break
      case 'veto':
        this.#takeVeto(one.veto)
        break
      case 'goodbye':
        this.#goodbye = one.goodbye
        break
      case 'lease':
        this.#takeLease(one.lease)
        break
      case 'facts':
        // Facts are decided on before; whoever folds one has mixed up the order.
        throw new AssertionFailure('a facts record is not folded')
      default:
        unreachable(one, 'every kind of record is folded')
    }
  }

  /** Begins this epoch at `startMs`; does nothing when it has begun. */
  anchor(startMs: number): void {
    if (this.#epoch === this.#context.epoch) return
    this.#epoch = this.#context.epoch
    this.#node.forgetFacts()
    const endMs = this.#node.endMs
    if (endMs === null) this.#node.begin(startMs)
    else if (startMs > endMs) this.#book(EPOCH, endMs, startMs)
  }

  finish(): FoldEffect {
    const sink = this.#node.sink
    const { nowMs } = this.#context
    const cpu = this.#cpu.finish(this.#node.endMs ?? TIME_MS_MIN)
    const open = this.#node.toOpen({
      nodeId: this.#state.nodeId,
      epoch: this.#epoch,
      policy: this.#policy,
      cpu: cpu.running,
      changeSeq: this.#state.open?.changeSeq ?? 0,
    })
    const endedIds = new Set(this.#silencesEnded.map((ended) => ended.silenceId))
    return {
      open,
      closedRuns: sink.closedRuns,
      unitHours: lastOfEachHour(sink.unitHours),
      nodeHours: cpu.done.map((hour) => ({ ...hour, knownAtMs: nowMs })),
      closedWindows: sink.closedWindows,
      refused: this.#refused,
      refusedSeqs: this.#refusedSeqs,
      silencesEnded: this.#silencesEnded,
      dirtyHours: [...sink.lateHours]
        .filter((hourMs) => hourMs + HOUR_MS <= nowMs)
        .sort((left, right) => left - right),
      clockSteps: this.#clockSteps,
      leaseRecords: this.#leaseRecords,
      outbox: this.#outbox,
      lateProofs: this.#node.lateProofs,
      goodbye: this.#goodbye,
      state: {
        ...this.#state,
        open,
        units: this.#node.unitRows(),
        silences: this.#state.silences.filter((silence) => !endedIds.has(silence.silenceId)),
        hours: this.#hoursOutside(open),
      },
    }
  }

  /** Begun hours of placements that are not in the open row: they may enter it again. */
  #hoursOutside(open: OpenNode): FoldState['hours'] {
    const inRow = new Set(open.units.map((unit) => unit.unitId))
    const placed = new Set(this.#state.placements.map((one) => one.unitId))
    const hours = [...this.#state.hours, ...this.#node.sink.unitHours]
    return lastOfEachHour(
      hours.filter((hour) => placed.has(hour.unitId) && !inRow.has(hour.unitId)),
    )
  }

  #takeTick(record: StreamRecord, tick: Tick): void {
    const endMs = tick.startMs + tick.spanMs
    if (this.#isFuture(record, 'start_ms', endMs)) return
    this.anchor(tick.startMs)
    const edgeMs = this.#node.endMs ?? tick.startMs
    if (tick.startMs < edgeMs) {
      const sentence = `start_ms is ${edgeMs - tick.startMs} ms before the end of what is booked`
      this.#refuse(record, 'record_overlap', sentence)
      this.#bookRefused(tick.startMs, endMs)
      return
    }
    if (tick.startMs > edgeMs) this.#bookHole(record, edgeMs, tick.startMs)
    const recordedAtMs = this.#recordedAt(endMs, tick.spanMs)
    this.#node.bookTick(tick, recordedAtMs)
    this.#cpu.add(tick)
    const step = { nodeId: this.#state.nodeId, epoch: this.#epoch, atMs: endMs }
    this.#clockSteps.push(...(tick.wallStepsMs ?? []).map((stepMs) => ({ ...step, stepMs })))
    this.#endSilence(endMs, tick.spanMs)
  }

  #takeGap(record: StreamRecord, gap: Gap): void {
    if (this.#isFuture(record, 'gap.end_ms', gap.endMs)) return
    const isFirstOfEpoch = this.#epoch !== this.#context.epoch
    this.anchor(gap.startMs)
    this.#node.setBoot(gap.bootId, runCode(`unknown/${gap.cause}`))
    const edgeMs = this.#node.endMs ?? gap.startMs
    if (gap.startMs > edgeMs) this.#bookHole(record, edgeMs, gap.startMs)
    else if (gap.startMs < edgeMs) {
      // Nothing is claimed of that time, so the rest of the gap can be taken as it is.
      const where = isFirstOfEpoch ? 'the epoch before ended' : 'the end of what is booked'
      const sentence = `gap.start_ms is ${edgeMs - gap.startMs} ms before ${where}; it is clipped`
      this.#note(record, 'record_overlap', sentence)
    }
    this.#book(runCode(`unknown/${gap.cause}`), edgeMs, gap.endMs)
  }

  /** A lost record may reach back over records that had arrived: that part is booked already. */
  #takeLost(record: StreamRecord, lost: Lost): void {
    if (this.#isFuture(record, 'lost.end_ms', lost.endMs)) return
    this.anchor(lost.startMs)
    this.#book(LOST, this.#node.endMs ?? lost.startMs, lost.endMs)
  }

  #takePolicy(policy: DepositPolicy): void {
    if (this.#policy?.enabled && !policy.enabled) this.#node.endPolicy(policy.atMs)
    this.#policy = policy
    const payload = {
      node_id: this.#state.nodeId,
      version: policy.version,
      effective_at_ms: policy.atMs,
      enabled: policy.enabled,
      keep_cards_per_node: policy.keepCardsPerNode,
      min_free_ms: policy.minFreeMs,
      max_lease_ms: policy.maxLeaseMs,
    }
    this.#outbox.push({ kind: 'policy_changed', atMs: this.#context.nowMs, payload })
  }

  #takeVeto(veto: Veto): void {
    if (veto.kind === 'reclaim') this.#node.withhold(veto.units, 'veto', veto.atMs)
    if (veto.kind === 'pause') this.#node.withhold(veto.units, 'pause', veto.atMs)
    const payload = {
      node_id: this.#state.nodeId,
      veto: veto.kind,
      effective_at_ms: veto.atMs,
      unit_ids: this.#node.unitIdsOf(veto.units),
    }
    this.#outbox.push({ kind: 'veto', atMs: this.#context.nowMs, payload })
  }

  /** What it means for the lease is the bank's to say: here its indexes become units. */
  #takeLease(record: LeaseRecord): void {
    const { facts, placements } = this.#state
    // Indexes of facts of another epoch may name other cards.
    const told = facts?.epoch === this.#context.epoch ? placements : []
    const unitIds = told.flatMap(({ index, unitId }) =>
      record.units.includes(index) ? [unitId] : [],
    )
    this.#leaseRecords.push({ unitIds, record, receivedAtMs: this.#context.nowMs })
  }

  #bookRefused(startMs: number, endMs: number): void {
    if (endMs > this.#context.futureLimitMs) return
    this.anchor(startMs)
    this.#book(REFUSED, this.#node.endMs ?? startMs, endMs)
  }

  #bookHole(record: StreamRecord, edgeMs: number, startMs: number): void {
    this.#note(
      record,
      'record_not_contiguous',
      `the record begins ${startMs - edgeMs} ms after the end of what is booked; that time is unknown(refused)`,
    )
    this.#book(REFUSED, edgeMs, startMs)
  }

  #book(code: RunCode, fromMs: number, toMs: number): void {
    if (toMs <= fromMs) return
    const spanMs = toMs - fromMs
    this.#node.bookUnknown({ code, fromMs, toMs, recordedAtMs: this.#recordedAt(toMs, spanMs) })
    this.#endSilence(toMs, spanMs)
  }

  #recordedAt(endMs: number, spanMs: number): number | null {
    const isInSilence = this.#silence !== null && endMs > this.#silence.fromMs
    return isInSilence || this.#isLate(endMs, spanMs) ? this.#context.nowMs : null
  }

  #isLate(endMs: number, spanMs: number): boolean {
    const allowedMs = LATE_AFTER_MS + Math.min(spanMs, LATE_TICK_MS_MAX)
    return this.#context.nowMs - endMs > allowedMs
  }

  /** The node's silence is over when its timeline has caught up with the collector's time. */
  #endSilence(endMs: number, spanMs: number): void {
    if (this.#silence === null || this.#isLate(endMs, spanMs)) return
    const toMs = Math.max(this.#context.nowMs, this.#silence.fromMs + 1)
    this.#silencesEnded.push({ silenceId: this.#silence.silenceId, toMs })
    this.#silence = null
  }

  #isFuture(record: StreamRecord, field: string, endMs: number): boolean {
    const pastMs = endMs - this.#context.futureLimitMs
    if (pastMs <= 0) return false
    const sentence = `${field} lies ${pastMs + FUTURE_MS_MAX} ms ahead of the collector's time`
    this.#refuse(record, 'record_future', sentence)
    return true
  }

  #refuse(record: StreamRecord, code: ErrorCode, sentence: string): void {
    this.#refusedSeqs.add(record.seq)
    this.#note(record, code, sentence)
  }

  /** For the quality page: the record as it came, and what was wrong with it. */
  #note(record: StreamRecord, code: ErrorCode, sentence: string): void {
    this.#refused.push({
      nodeId: this.#state.nodeId,
      epoch: this.#context.epoch,
      seq: record.seq,
      code,
      sentence,
      bytes: record.bytes.subarray(0, REFUSED_BYTES_MAX),
      refusedAtMs: this.#context.nowMs,
    })
  }
}

/** A unit can leave and come back within an hour: the later row holds the earlier one. */
function lastOfEachHour(rows: FoldEffect['unitHours']): FoldEffect['unitHours'] {
  const byKey = new Map(rows.map((row) => [`${row.unitId}@${row.hourMs}`, row]))
  return [...byKey.values()]
}
