/**
 * The units of one node while its time is being booked: who is in the open row, who enters it when
 * the timeline reaches its placement, who leaves it. All units end at the same instant.
 */
import {
  assert,
  hourStartMs,
  type Run,
  type RunCode,
  runCode,
  stateOf,
  TIME_MS_MIN,
  type Tick,
  type UnitTick,
} from '@yiben/shared'
import type { UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { OpenNode, UnitHour } from '../model/timeline.ts'
import { type BookingSink, type Span, UnitBooking } from './booking.ts'
import type { FoldState, LateProof } from './fold-state.ts'

const MOVED = runCode('unknown/moved')
const MISSING = runCode('unknown/missing')
const REBOOT = runCode('unknown/reboot')
/** Index of a unit that is no longer in the facts and only waits for the end of its placement. */
const NO_INDEX = -1

export class NodeBooking {
  readonly sink: BookingSink = {
    closedRuns: [],
    unitHours: [],
    closedWindows: [],
    lateHours: new Set(),
  }
  readonly lateProofs: LateProof[] = []
  readonly #rows: Map<UnitId, UnitRow>
  readonly #indexOf: Map<UnitId, number>
  readonly #hours: FoldState['hours']
  /** Whether any unit of the facts has moved away: seldom, so that ticks are not searched for it. */
  readonly #hasMoved: boolean
  readonly #units = new Map<UnitId, UnitBooking>()
  #endMs: number | null
  #bootId: string
  #factsRevision: number

  constructor(state: FoldState, silentFromMs: number | null) {
    const { open, facts } = state
    this.#rows = new Map(state.units.map((row) => [row.unitId, row]))
    this.#indexOf = new Map(state.placements.map((one) => [one.unitId, one.index]))
    this.#hours = state.hours
    this.#hasMoved = state.units.some(
      (row) => row.validToReason === 'moved' && this.#indexOf.has(row.unitId),
    )
    this.#endMs = open?.timelineEndMs ?? null
    this.#bootId = open?.bootId ?? ''
    this.#factsRevision = open?.factsRevision ?? 0
    for (const unit of open?.units ?? []) {
      const row = this.#rows.get(unit.unitId)
      // A placement that has ended and is not expected back: its open run was its last.
      if (row === undefined) continue
      const booking = UnitBooking.resume(row, unit, open?.timelineEndMs ?? unit.runStartMs)
      if (silentFromMs !== null) booking.dropWindowBefore(silentFromMs)
      this.#units.set(unit.unitId, booking)
    }
    const isTold = facts !== null && open !== null && facts.epoch === open.epoch
    if (isTold && facts.revision !== open.factsRevision) this.#adopt(facts)
  }

  get endMs(): number | null {
    return this.#endMs
  }

  /** The first instant of a node that has no booked time. */
  begin(atMs: number): void {
    assert(this.#endMs === null, 'a timeline begins once')
    this.#endMs = atMs
  }

  /** A new epoch counts its facts anew: until it tells them, no tick of it can be read. */
  forgetFacts(): void {
    this.#factsRevision = 0
  }

  /** A new boot ends every window, however short the gap was. */
  setBoot(bootId: string, cause: RunCode): void {
    if (bootId === this.#bootId) return
    if (this.#bootId !== '') {
      for (const unit of this.#units.values()) unit.closeWindow(cause, this.sink)
    }
    this.#bootId = bootId
  }

  /** Books the same unknown for every unit. */
  bookUnknown(span: Span): void {
    this.#enter(span)
    for (const unit of this.#units.values()) unit.book(span, this.sink)
    this.#advance(span.toMs)
  }

  /** Books a tick that begins exactly at the end of the timeline. */
  bookTick(tick: Tick, recordedAtMs: number | null): void {
    const startMs = tick.startMs
    assert(startMs === this.#endMs, 'a tick begins where the timeline ends')
    const endMs = startMs + tick.spanMs
    this.#reopenProven(tick, recordedAtMs)
    this.#enter({ code: MISSING, fromMs: startMs, toMs: endMs, recordedAtMs })
    let position = -1
    for (const unit of this.#units.values()) {
      position += 1
      const own = unitOfTick(tick, unit.index, position)
      if (own === undefined) {
        unit.book({ code: MOVED, fromMs: startMs, toMs: endMs, recordedAtMs }, this.sink)
        continue
      }
      unit.setTick(own, startMs)
      let fromMs = startMs
      const bookedFromMs = unit.endMs
      for (const run of own.runs) {
        const toMs = fromMs + run.durationMs
        unit.book({ code: run.code, fromMs, toMs, recordedAtMs }, this.sink)
        fromMs = toMs
      }
      unit.addStatistics(own, tick.samplesExpected, unit.endMs - bookedFromMs)
    }
    this.#advance(endMs)
  }

  /** Empty `indexes` means every unit, here and below. */
  withhold(indexes: readonly number[], by: 'veto' | 'pause', atMs: number): void {
    for (const unit of this.#named(indexes)) unit.withhold(by, atMs)
  }

  /** A policy that was in force says no from `atMs` on, to every unit. */
  endPolicy(atMs: number): void {
    for (const unit of this.#units.values()) unit.endPolicy(atMs)
  }

  unitIdsOf(indexes: readonly number[]): readonly UnitId[] {
    return this.#named(indexes).map((unit) => unit.row.unitId)
  }

  unitRows(): readonly UnitRow[] {
    return [...this.#rows.values()]
  }

  /** Before any time has been told the row says so by an end that lies before all time. */
  toOpen(rest: Pick<OpenNode, 'nodeId' | 'epoch' | 'policy' | 'cpu' | 'changeSeq'>): OpenNode {
    return {
      ...rest,
      bootId: this.#bootId,
      factsRevision: this.#factsRevision,
      timelineEndMs: this.#endMs ?? TIME_MS_MIN,
      units: [...this.#units.values()].map((unit) => unit.toOpenUnit(this.sink)),
    }
  }

  /** Facts decided since the open row was written: what left the node leaves the row. */
  #adopt(facts: { readonly revision: number; readonly bootId: string }): void {
    this.setBoot(facts.bootId, REBOOT)
    this.#factsRevision = facts.revision
    this.#endWindowsOfRecut()
    for (const unit of this.#units.values()) {
      const index = this.#indexOf.get(unit.row.unitId)
      if (index !== undefined) unit.index = index
      else if (this.#isDue(unit)) unit.index = NO_INDEX
      else this.#retire(unit)
    }
  }

  /** A card that is cut otherwise is not the card whose window it was: it is proven anew (C6). */
  #endWindowsOfRecut(): void {
    const recut = new Set<UnitId | null>()
    for (const [unitId, row] of this.#rows) {
      if (this.#units.has(unitId) !== this.#indexOf.has(unitId)) recut.add(row.parentUnitId)
    }
    for (const [unitId, unit] of this.#units) {
      // No time of it is unknown: the code says why the window ended.
      if (recut.has(unitId)) unit.closeWindow(MOVED, this.sink)
    }
  }

  /** Placed elsewhere from an instant that this node's timeline has not reached (C5). */
  #isDue(unit: UnitBooking): boolean {
    return unit.bookedToMs !== null && unit.bookedToMs > unit.endMs
  }

  #retire(unit: UnitBooking): void {
    unit.retire(unit.row.validToReason === 'moved' ? MOVED : MISSING, this.sink)
    this.#units.delete(unit.row.unitId)
  }

  /** Placements whose time begins within the span enter the open row. */
  #enter(span: Span): void {
    for (const [unitId, index] of this.#indexOf) {
      const row = this.#rows.get(unitId)
      if (row === undefined || this.#units.has(unitId)) continue
      const fromMs = Math.max(span.fromMs, row.validFromMs)
      const toMs = Math.min(span.toMs, row.bookedToMs ?? span.toMs)
      if (fromMs >= toMs) continue
      const first = { ...span, fromMs }
      this.#units.set(unitId, UnitBooking.begin(row, index, first, this.#hourAt(unitId, fromMs)))
    }
  }

  #advance(endMs: number): void {
    this.#endMs = endMs
    for (const unit of this.#units.values()) {
      if (unit.bookedToMs !== null && unit.bookedToMs <= endMs) this.#retire(unit)
    }
  }

  /**
   * Time proven here after the card was first proven elsewhere is a conflict, not a move (C5): the
   * placement goes on. What lies between its end and this tick is booked unknown(moved).
   */
  #reopenProven(tick: Tick, recordedAtMs: number | null): void {
    if (!this.#hasMoved) return
    for (const unit of tick.units) {
      const row = this.#movedRowAt(unit.index)
      if (row === null || row.bookedToMs === null) continue
      const movedAtMs = row.bookedToMs
      const provenFromMs = firstProofAfter(tick.startMs, unit.runs, movedAtMs)
      if (provenFromMs === null) continue
      const { unitId, acceleratorId } = row
      this.lateProofs.push({ unitId, acceleratorId, fromMs: provenFromMs })
      this.#rows.set(unitId, {
        ...row,
        validToMs: null,
        bookedToMs: null,
        validToReason: null,
        isInConflict: true,
        isCounted: true,
      })
      const booking = this.#units.get(unitId)
      if (booking !== undefined) booking.isReopened = true
      else if (movedAtMs < tick.startMs)
        this.#reenter(unitId, unit.index, { fromMs: movedAtMs, toMs: tick.startMs, recordedAtMs })
      // Else it moved away before any of its time was booked: it enters with this tick.
    }
  }

  #movedRowAt(index: number): UnitRow | null {
    for (const [unitId, placed] of this.#indexOf) {
      const row = placed === index ? this.#rows.get(unitId) : undefined
      if (row?.validToReason === 'moved') return row
    }
    return null
  }

  #reenter(unitId: UnitId, index: number, between: Omit<Span, 'code'>): void {
    const row = this.#rows.get(unitId)
    assert(row !== undefined, 'a placement that is reopened is known')
    const span = { ...between, code: MOVED }
    const hour = this.#hourAt(unitId, span.fromMs)
    const booking = UnitBooking.begin(row, index, span, hour)
    booking.book(span, this.sink)
    this.#units.set(unitId, booking)
  }

  #hourAt(unitId: UnitId, atMs: number): UnitHour | null {
    const hourMs = hourStartMs(atMs)
    const isIt = (hour: UnitHour) => hour.unitId === unitId && hour.hourMs === hourMs
    return this.#hours.find(isIt) ?? this.sink.unitHours.findLast(isIt) ?? null
  }

  #named(indexes: readonly number[]): readonly UnitBooking[] {
    const units = [...this.#units.values()].filter((unit) => unit.index !== NO_INDEX)
    return indexes.length === 0 ? units : units.filter((unit) => indexes.includes(unit.index))
  }
}

/** The units of the open row mostly stand in the order of the facts, as those of a tick do. */
function unitOfTick(tick: Tick, index: number, position: number): UnitTick | undefined {
  const likely = tick.units[position]
  return likely?.index === index ? likely : tick.units.find((unit) => unit.index === index)
}

/** Start of the first known time at or after `afterMs`; `null` when the runs prove none. */
function firstProofAfter(startMs: number, runs: readonly Run[], afterMs: number): number | null {
  let fromMs = startMs
  for (const run of runs) {
    const toMs = fromMs + run.durationMs
    if (stateOf(run.code) !== 'unknown' && toMs > afterMs) return Math.max(fromMs, afterMs)
    fromMs = toMs
  }
  return null
}
