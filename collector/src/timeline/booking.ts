/**
 * One unit while its time is being booked: its open run, its free window and its running hour. Time
 * is only ever added at the end, so a hole or an overlap cannot be written.
 */
import {
  assert,
  type EvidenceClass,
  HOUR_MS,
  hourStartMs,
  type RunCode,
  type UnitTick,
} from '@yiben/shared'
import type { UnitRow } from '../model/inventory.ts'
import type { ClosedWindow, OpenUnit, OpenWindow, StoredRun, UnitHour } from '../model/timeline.ts'
import {
  afterPolicyEnd,
  afterTick,
  afterVeto,
  type Consent,
  NO_ENDS,
  withheldSince,
} from './consent.ts'
import {
  addSpan,
  addTickStatistics,
  bookedMsOf,
  emptyHour,
  hourPieces,
  type RunningHour,
} from './hours.ts'
import { endWindow, stepWindow } from './windows.ts'

/** Where finished pieces go; one per fold. */
export interface BookingSink {
  readonly closedRuns: StoredRun[]
  readonly unitHours: UnitHour[]
  readonly closedWindows: ClosedWindow[]
  /** Complete hours that late data has been booked into. */
  readonly lateHours: Set<number>
}

/** `[fromMs, toMs)` of one code; `recordedAtMs` as in a stored run. */
export interface Span {
  readonly code: RunCode
  readonly fromMs: number
  readonly toMs: number
  readonly recordedAtMs: number | null
}

export class UnitBooking {
  readonly row: UnitRow
  index: number
  #consent: Consent
  /** May be booked past the end of its placement: it has been proven there (C5). */
  isReopened = false
  #evidence: EvidenceClass
  #run: { startMs: number; endMs: number; code: RunCode; recordedAtMs: number | null }
  #window: OpenWindow | null
  #hour: RunningHour

  private constructor(row: UnitRow, open: OpenUnit, endMs: number) {
    this.row = row
    this.index = open.index
    this.#consent = {
      withheld: open.depositable ? null : (open.withheld ?? withheldSince(open.runStartMs)),
      ends: open.consentEnds,
    }
    this.#evidence = open.evidence
    this.#window = open.window
    this.#hour = { ...open.hour }
    this.#run = {
      startMs: open.runStartMs,
      endMs,
      code: open.runCode,
      recordedAtMs: open.runRecordedAtMs,
    }
  }

  /** Goes on from a stored open row, all of whose runs end at `endMs`. */
  static resume(row: UnitRow, open: OpenUnit, endMs: number): UnitBooking {
    return new UnitBooking(row, open, endMs)
  }

  /** Begins with an empty run at `startMs`; `hour` is what was booked of this hour before, if any. */
  static begin(row: UnitRow, index: number, first: Span, hour: UnitHour | null): UnitBooking {
    const open: OpenUnit = {
      unitId: row.unitId,
      index,
      runStartMs: first.fromMs,
      runCode: first.code,
      runRecordedAtMs: first.recordedAtMs,
      window: null,
      depositable: false,
      withheld: withheldSince(first.fromMs),
      consentEnds: NO_ENDS,
      evidence: 'A',
      hour: hour ?? emptyHour(row.unitId, hourStartMs(first.fromMs)),
    }
    return new UnitBooking(row, open, first.fromMs)
  }

  get endMs(): number {
    return this.#run.endMs
  }

  /** Where booking for this placement stops; `null` while it goes on. */
  get bookedToMs(): number | null {
    return this.isReopened ? null : this.row.bookedToMs
  }

  /** The owner's consent and the evidence class that the runs from `fromMs` on rest on. */
  setTick(tick: UnitTick, fromMs: number): void {
    this.#consent = afterTick(this.#consent, tick.depositable, fromMs)
    this.#evidence = tick.evidence
  }

  withhold(by: 'veto' | 'pause', atMs: number): void {
    this.#consent = afterVeto(this.#consent, by, atMs)
  }

  endPolicy(atMs: number): void {
    this.#consent = afterPolicyEnd(this.#consent, atMs)
  }

  /** Books a span that begins where the last one ended; clipped to the placement. */
  book(span: Span, sink: BookingSink): void {
    const toMs = Math.min(span.toMs, this.bookedToMs ?? span.toMs)
    const fromMs = Math.max(span.fromMs, this.#run.endMs)
    if (toMs <= fromMs) return
    assert(fromMs === this.#run.endMs, 'a run begins where the one before it ended')
    const piece: Span = { ...span, fromMs, toMs }
    this.#appendRun(piece, sink)
    this.#addToHours(piece, sink)
    const step = stepWindow(this.#window, { ...piece, isLate: piece.recordedAtMs !== null })
    this.#window = step.window
    if (step.ended !== null) {
      sink.closedWindows.push({ unitId: this.row.unitId, ...step.ended })
    }
  }

  /** What a tick counted, into the hour that the end of its booked time lies in. */
  addStatistics(tick: UnitTick, samplesExpected: number, bookedMs: number): void {
    if (bookedMs > 0) addTickStatistics(this.#hour, tick, samplesExpected, bookedMs)
  }

  closeWindow(endCode: RunCode, sink: BookingSink): void {
    if (this.#window === null) return
    const ended = endWindow(this.#window, endCode)
    sink.closedWindows.push({ unitId: this.row.unitId, ...ended })
    this.#window = null
  }

  /** Forgets windows that were ended when the node was declared silent from `fromMs` on. */
  dropWindowBefore(fromMs: number): void {
    if (this.#window !== null && this.#window.provenToMs <= fromMs) this.#window = null
  }

  /** The placement leaves the open row: everything it holds is finished. */
  retire(endCode: RunCode, sink: BookingSink): void {
    this.closeWindow(endCode, sink)
    this.#closeRun(sink)
    if (bookedMsOf(this.#hour) > 0) sink.unitHours.push({ ...this.#hour })
  }

  /** The unit's part of the open row. An hour that is complete is handed over, not kept waiting. */
  toOpenUnit(sink: BookingSink): OpenUnit {
    const nextHourMs = this.#hour.hourMs + HOUR_MS
    if (this.endMs >= nextHourMs) {
      sink.unitHours.push({ ...this.#hour })
      this.#hour = emptyHour(this.row.unitId, nextHourMs)
    }
    return {
      unitId: this.row.unitId,
      index: this.index,
      runStartMs: this.#run.startMs,
      runCode: this.#run.code,
      runRecordedAtMs: this.#run.recordedAtMs,
      window: this.#window,
      depositable: this.#consent.withheld === null,
      withheld: this.#consent.withheld,
      consentEnds: this.#consent.ends,
      evidence: this.#evidence,
      hour: { ...this.#hour },
    }
  }

  #appendRun(piece: Span, sink: BookingSink): void {
    const run = this.#run
    if (run.code !== piece.code || run.recordedAtMs !== piece.recordedAtMs) {
      this.#closeRun(sink)
      run.startMs = piece.fromMs
      run.code = piece.code
      run.recordedAtMs = piece.recordedAtMs
    }
    run.endMs = piece.toMs
  }

  #closeRun(sink: BookingSink): void {
    const { startMs, endMs, code, recordedAtMs } = this.#run
    if (endMs > startMs) {
      sink.closedRuns.push({ unitId: this.row.unitId, startMs, endMs, code, recordedAtMs })
    }
  }

  #addToHours(piece: Span, sink: BookingSink): void {
    const { hourMs } = this.#hour
    // Ticks lie within an hour: nearly always it is the running one.
    if (piece.fromMs >= hourMs && piece.toMs <= hourMs + HOUR_MS) {
      addSpan(this.#hour, piece, this.#evidence)
      if (piece.recordedAtMs !== null) sink.lateHours.add(hourMs)
      return
    }
    for (const part of hourPieces(piece.fromMs, piece.toMs)) {
      if (part.hourMs !== this.#hour.hourMs) {
        if (bookedMsOf(this.#hour) > 0) sink.unitHours.push({ ...this.#hour })
        this.#hour = emptyHour(this.row.unitId, part.hourMs)
      }
      addSpan(this.#hour, { code: piece.code, ...part }, this.#evidence)
      if (piece.recordedAtMs !== null) sink.lateHours.add(part.hourMs)
    }
  }
}
