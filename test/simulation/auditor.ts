/**
 * A second, simple bookkeeper (the ledger's `auditor`): what each accelerator did on each node, from
 * the bytes that agents have sent and nothing else, up to the watermark the collector claims. Also
 * checks each free run against what the probe really answered. Knows no SQL and no fold.
 */
import {
  decodeRecord,
  type RunCode,
  runCode,
  runName,
  type SpoolRecord,
  stateOf,
  type Tick,
  type Veto,
} from '@yiben/shared'
import type { Answer } from './cards.ts'
import { type FreeSpan, type Origin, truthFault } from './truth.ts'

/** How far the collector has an epoch. */
export interface CommittedEpoch {
  readonly epoch: string
  readonly watermark: number
  /** Of the record at the watermark, hex. */
  readonly watermarkHash: string | null
}

export interface PlainRun {
  startMs: number
  endMs: number
  code: RunCode
}

/** Everything that is booked at one instant; what was sent and answered is no part of it. */
export interface AuditorSave {
  readonly nodes: ReadonlyMap<string, NodeBook>
  readonly epochs: ReadonlyMap<string, Pick<EpochBook, 'bookedSeq' | 'unitsOf'>>
}

interface EpochBook {
  /** By number, and by the machine that sent it: a copied disk goes on with the same numbers. */
  readonly sent: Map<number, Map<string, SpoolRecord>>
  /** Numbers up to here have been booked. */
  bookedSeq: number
  /** Index → identity hash, by facts revision. */
  readonly unitsOf: Map<number, ReadonlyMap<number, string>>
  /** Indexes by facts revision, also of facts that were never sent. */
  readonly indexesOf: Map<number, readonly number[]>
}

export interface NodeBook {
  edgeMs: number | null
  epoch: string | null
  units: ReadonlyMap<number, string>
  /** By identity hash. */
  readonly runs: Map<string, PlainRun[]>
  readonly refusedSeqs: Set<string>
  /** Steps of the wall clock that booked ticks told: end of the tick, step in ms. */
  readonly clockSteps: (readonly [number, number])[]
  /** When the owner took cards back, by identity hash, in the order of the records. */
  readonly vetoes: Map<string, number[]>
}

export class Auditor {
  readonly problems: string[] = []
  readonly #epochs = new Map<string, EpochBook>()
  readonly #nodes = new Map<string, NodeBook>()
  readonly #origins = new Map<string, Origin>()
  /** Key of an accelerator by identity hash, as a probe names it. */
  readonly #keyOf: (hash: string) => string

  constructor(keyOf: (hash: string) => string) {
    this.#keyOf = keyOf
  }

  noteAppended(epoch: string, records: readonly SpoolRecord[], answers: readonly Answer[]): void {
    for (const record of records) {
      const startMs = this.#tickStartMs(epoch, record)
      this.#origins.set(nameOf(epoch, record), { answers, shiftMs: 0, startMs })
    }
  }

  /** What is moved rests on the same answers as before. */
  noteShifted(move: {
    readonly epoch: string
    readonly shiftMs: number
    readonly before: readonly SpoolRecord[]
    readonly after: readonly SpoolRecord[]
  }): void {
    const { epoch, shiftMs, before, after } = move
    const origins = before.flatMap((record) => this.#origins.get(nameOf(epoch, record)) ?? [])
    for (const record of after) {
      const startMs = this.#tickStartMs(epoch, record)
      if (startMs === null) continue
      const wasMs = startMs - shiftMs
      const origin = origins.findLast((one) => one.startMs !== null && one.startMs <= wasMs)
      if (origin === undefined) continue
      const movedMs = origin.shiftMs + shiftMs
      this.#origins.set(nameOf(epoch, record), { ...origin, shiftMs: movedMs, startMs })
    }
  }

  /** `watermark`: what the collector has committed of this epoch right now. */
  noteSent(
    machine: string,
    epoch: string,
    records: readonly SpoolRecord[],
    watermark: number,
  ): void {
    const book = this.#epochBook(epoch)
    for (const record of records) {
      const sent = book.sent.get(record.seq) ?? new Map<string, SpoolRecord>()
      const known = sent.get(machine)
      const isSame = known !== undefined && equal(known.bytes, record.bytes)
      if (known !== undefined && !isSame && record.seq <= watermark) {
        this.problems.push(`record ${record.seq} of ${epoch} was sent anew with other bytes`)
      }
      // The latest stands last.
      sent.delete(machine)
      book.sent.set(record.seq, sent.set(machine, record))
    }
  }

  node(nodeId: string): NodeBook {
    const known = this.#nodes.get(nodeId)
    if (known !== undefined) return known
    const fresh: NodeBook = {
      edgeMs: null,
      epoch: null,
      units: new Map(),
      runs: new Map(),
      refusedSeqs: new Set(),
      clockSteps: [],
      vetoes: new Map(),
    }
    this.#nodes.set(nodeId, fresh)
    return fresh
  }

  /**
   * Books what the collector says it has; epochs in the order in which it met them. Where a copied
   * disk sent other records under the same numbers, the hash says whose were taken.
   */
  book(nodeId: string, { epoch, watermark, watermarkHash }: CommittedEpoch): void {
    const book = this.#epochBook(epoch)
    const machine = machineOf(book, watermark, watermarkHash)
    while (book.bookedSeq < watermark) {
      const record = nextOf(book, machine)
      if (record === null || record.seq > watermark) {
        this.problems.push(
          `${nodeId}: the collector has ${watermark} of ${epoch}, nobody sent ${book.bookedSeq + 1}`,
        )
        book.bookedSeq = watermark
        return
      }
      this.#bookRecord(nodeId, epoch, book, record)
      book.bookedSeq = record.seq
    }
  }

  save(): AuditorSave {
    const epochs = [...this.#epochs].map(
      ([epoch, { bookedSeq, unitsOf }]) => [epoch, { bookedSeq, unitsOf }] as const,
    )
    return structuredClone({ nodes: this.#nodes, epochs: new Map(epochs) })
  }

  /** The ledger is what it was then: what was booked since has to be booked again. */
  load(save: AuditorSave): void {
    const { nodes, epochs } = structuredClone(save)
    this.#nodes.clear()
    for (const [nodeId, book] of nodes) this.#nodes.set(nodeId, book)
    for (const [epoch, book] of this.#epochs) {
      const saved = epochs.get(epoch)
      book.bookedSeq = saved?.bookedSeq ?? 0
      book.unitsOf.clear()
      for (const [revision, units] of saved?.unitsOf ?? []) book.unitsOf.set(revision, units)
    }
  }

  /** Bytes that nodes have sent, by epoch: what somebody else could have overheard. */
  overheard(): ReadonlyMap<string, readonly Uint8Array[]> {
    return new Map(
      [...this.#epochs].map(([epoch, { sent }]) => [
        epoch,
        [...sent.values()].flatMap((byMachine) =>
          [...byMachine.values()].map(({ bytes }) => bytes),
        ),
      ]),
    )
  }

  #bookRecord(nodeId: string, epoch: string, book: EpochBook, record: SpoolRecord): void {
    const node = this.node(nodeId)
    const decoded = decodeRecord(record.bytes, (revision) => {
      const units = book.unitsOf.get(revision)
      return units === undefined ? null : [...units.keys()]
    })
    if (decoded.status !== 'ok') {
      node.refusedSeqs.add(`${epoch}:${record.seq}`)
      return
    }
    const { record: content } = decoded
    if (content.kind === 'facts') {
      this.#begin(node, epoch, content.facts.atMs)
      node.units = new Map(
        content.facts.units.map((unit) => [unit.index, unit.identities[0]?.hash ?? '']),
      )
      book.unitsOf.set(content.facts.revision, node.units)
    } else if (content.kind === 'gap') {
      const { startMs, endMs, cause } = content.gap
      this.#begin(node, epoch, startMs)
      this.#bookAll(node, runCode(`unknown/${cause}`), endMs)
    } else if (content.kind === 'lost') {
      this.#begin(node, epoch, content.lost.startMs)
      this.#bookAll(node, runCode('unknown/lost'), content.lost.endMs)
    } else if (content.kind === 'veto') {
      this.#bookVeto(node, content.veto)
    } else if (content.kind === 'tick') {
      this.#bookTick(node, nodeId, content.tick, { epoch, record })
    }
  }

  #begin(node: NodeBook, epoch: string, startMs: number): void {
    if (node.epoch === epoch) return
    node.epoch = epoch
    node.units = new Map()
    if (node.edgeMs === null) node.edgeMs = startMs
    else this.#bookAll(node, runCode('unknown/epoch'), startMs)
  }

  #bookTick(
    node: NodeBook,
    nodeId: string,
    tick: Tick,
    from: { readonly epoch: string; readonly record: SpoolRecord },
  ): void {
    const { startMs, spanMs } = tick
    const endMs = startMs + spanMs
    this.#begin(node, from.epoch, startMs)
    const edgeMs = node.edgeMs ?? startMs
    if (startMs !== edgeMs) {
      node.refusedSeqs.add(`${from.epoch}:${from.record.seq}`)
      if (startMs < edgeMs) {
        this.#bookAll(node, runCode('unknown/refused'), endMs)
        return
      }
      this.#bookAll(node, runCode('unknown/refused'), startMs)
    }
    for (const unit of tick.units) {
      const hash = node.units.get(unit.index)
      if (hash === undefined) continue
      let fromMs = startMs
      for (const run of unit.runs) {
        const toMs = fromMs + run.durationMs
        const isFirstSight = isUntoldBefore(node.runs.get(hash)?.at(-1), fromMs)
        push(node, hash, { startMs: fromMs, endMs: toMs, code: run.code })
        if (stateOf(run.code) === 'free') {
          const span = { fromMs, toMs, isFirstSight }
          this.#checkTruth(`${nodeId} ${this.#keyOf(hash)}`, hash, span, from)
        }
        fromMs = toMs
      }
    }
    node.clockSteps.push(...(tick.wallStepsMs ?? []).map((stepMs) => [endMs, stepMs] as const))
    node.edgeMs = endMs
  }

  #bookVeto(node: NodeBook, { atMs, kind, units }: Veto): void {
    if (kind !== 'reclaim') return
    for (const [index, hash] of node.units) {
      if (units.length > 0 && !units.includes(index)) continue
      node.vetoes.set(hash, [...(node.vetoes.get(hash) ?? []), atMs])
    }
  }

  #bookAll(node: NodeBook, code: RunCode, endMs: number): void {
    const startMs = node.edgeMs ?? endMs
    if (endMs <= startMs) return
    for (const hash of node.units.values()) push(node, hash, { startMs, endMs, code })
    node.edgeMs = endMs
  }

  /** Free is proven at both ends, and nothing else was answered in between. */
  #checkTruth(
    name: string,
    hash: string,
    span: FreeSpan,
    from: { readonly epoch: string; readonly record: SpoolRecord },
  ): void {
    const origin = this.#origins.get(nameOf(from.epoch, from.record))
    if (origin === undefined) {
      this.problems.push(`${name}: a record that no agent of this world wrote`)
      return
    }
    const fault = truthFault(origin, this.#keyOf(hash), span)
    if (fault === null) return
    this.problems.push(`${name}: free is booked ${span.fromMs}–${span.toMs}, but ${fault}`)
  }

  #tickStartMs(epoch: string, record: SpoolRecord): number | null {
    const { indexesOf } = this.#epochBook(epoch)
    const decoded = decodeRecord(record.bytes, (revision) => indexesOf.get(revision) ?? null)
    if (decoded.status !== 'ok') return null
    if (decoded.record.kind === 'facts') {
      const { revision, units } = decoded.record.facts
      indexesOf.set(
        revision,
        units.map((unit) => unit.index),
      )
    }
    return decoded.record.kind === 'tick' ? decoded.record.tick.startMs : null
  }

  #epochBook(epoch: string): EpochBook {
    const known = this.#epochs.get(epoch)
    if (known !== undefined) return known
    const fresh: EpochBook = {
      sent: new Map(),
      bookedSeq: 0,
      unitsOf: new Map(),
      indexesOf: new Map(),
    }
    this.#epochs.set(epoch, fresh)
    return fresh
  }
}

/** Whose record stands at the watermark; `null` when it is nobody's. */
function machineOf(book: EpochBook, watermark: number, hash: string | null): string | null {
  const sent = [...(book.sent.get(watermark) ?? [])]
  const found = sent.find(([, record]) => Buffer.from(record.hash).toString('hex') === hash)
  return found?.[0] ?? null
}

/** The next record of this machine, or of whoever had its disk before; it may stand for more. */
function nextOf(book: EpochBook, machine: string | null): SpoolRecord | null {
  const next = book.bookedSeq + 1
  const ofMachine = (sent: ReadonlyMap<string, SpoolRecord> | undefined) =>
    sent?.get(machine ?? '') ?? [...(sent?.values() ?? [])].at(-1)
  const exact = ofMachine(book.sent.get(next))
  if (exact !== undefined) return exact
  const lost = [...book.sent.values()]
    .flatMap((sent) => ofMachine(sent) ?? [])
    .find(({ lostCount, seq }) => lostCount > 0 && seq - lostCount <= next && seq > next)
  return lost ?? null
}

function nameOf(epoch: string, { seq, hash }: SpoolRecord): string {
  return `${epoch}:${seq}:${Buffer.from(hash.subarray(0, 8)).toString('hex')}`
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.from(left).equals(Buffer.from(right))
}

function isUntoldBefore(run: PlainRun | undefined, atMs: number): boolean {
  return run === undefined || run.endMs !== atMs || stateOf(run.code) === 'unknown'
}

function push(node: NodeBook, hash: string, run: PlainRun): void {
  if (run.endMs <= run.startMs) return
  const runs = node.runs.get(hash) ?? []
  const last = runs.at(-1)
  if (last !== undefined && last.code === run.code && last.endMs === run.startMs) {
    last.endMs = run.endMs
  } else {
    runs.push(run)
  }
  node.runs.set(hash, runs)
}

/** The known parts of a timeline, neighbours of one code joined. */
export function knownRuns(runs: readonly PlainRun[]): PlainRun[] {
  const known: PlainRun[] = []
  for (const { startMs, endMs, code } of runs) {
    if (endMs <= startMs || stateOf(code) === 'unknown') continue
    const last = known.at(-1)
    if (last !== undefined && last.code === code && last.endMs === startMs) last.endMs = endMs
    else known.push({ startMs, endMs, code })
  }
  return known
}

export function textOfRun(run: PlainRun | undefined): string {
  return run === undefined ? 'nothing' : `${runName(run.code)} ${run.startMs}–${run.endMs}`
}
