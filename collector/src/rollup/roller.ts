/**
 * Seals hours and corrects sealed ones. Each hour two hours after its end, oldest first, then the
 * hours that late data has changed; bounded per round.
 *
 * Killed anywhere it starts over: an hour and its entries are one transaction of the store, and a
 * version that is there already answers `stale`. Data that arrives between reading an hour and
 * writing it changes the hour's mark: the write is refused and the next round reads anew.
 *
 * An hour waits while the time of a card is not told (a backlog on its way after an outage), but
 * not for ever: past `patienceMs` it is sealed without those cards, openly, and corrected later.
 */
import { assert, type Clock, HOUR_MS, type Logger, Rounds } from '@yiben/shared'
import type { Bucket, OutboxEntry } from '../model/ledger.ts'
import { type HourMaterial, SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { bucketsOf, unsettledUnits } from './bucket.ts'
import { correctionEntries, type HourWrite, movesBetween, sealEntry } from './correction.ts'
import { dueHours, overdueOf, SEAL_AFTER_MS, type SealOverdue } from './seal.ts'
import { SumKeeper, type SumKeeperStore } from './sum-keeper.ts'

/** Hours per round: other parts get their turn at the store in between. */
const HOURS_PER_ROUND_MAX = 24
const DEFAULT_POLL_MS = 60_000
/** How long a due hour waits for cards whose time is still on its way. */
const DEFAULT_PATIENCE_MS = HOUR_MS

/** Hours older than this may wait while children tell of them. */
const OLD_HOUR_MS = 24 * HOUR_MS

/** Whose days and months are kept as sums; others are added up from hours. */
const DEFAULT_TIME_ZONE = 'Asia/Shanghai'

export type RollerStore = SumKeeperStore &
  Pick<Store, 'rollupBacklog' | 'readHour' | 'sealedHours' | 'readBuckets' | 'writeBuckets'>

export interface RollerOptions {
  readonly store: RollerStore
  readonly clock: Clock
  readonly logger: Logger
  readonly sealAfterMs?: number
  readonly patienceMs?: number
  readonly pollMs?: number
  readonly timeZone?: string
  /** Called after an hour was written: the outbox holds its entry. */
  readonly onWritten?: () => void
}

export class Roller {
  readonly #store: RollerStore
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #settings: { readonly sealAfterMs: number; readonly patienceMs: number }
  readonly #onWritten: () => void
  readonly #sums: SumKeeper
  readonly #rounds: Rounds
  /** As the last round found and left it; `null` before the first. */
  #backlog: Awaited<ReturnType<RollerStore['rollupBacklog']>> | null = null

  constructor(options: RollerOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#logger = options.logger.child({ component: 'roller' })
    this.#settings = {
      sealAfterMs: options.sealAfterMs ?? SEAL_AFTER_MS,
      patienceMs: options.patienceMs ?? DEFAULT_PATIENCE_MS,
    }
    this.#onWritten = options.onWritten ?? (() => {})
    this.#sums = new SumKeeper(options.store, options.timeZone ?? DEFAULT_TIME_ZONE)
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: options.pollMs ?? DEFAULT_POLL_MS,
      round: () => this.#round(),
      onFailure: (error) => this.#logger.error({ err: error }, 'hours could not be sealed'),
    })
  }

  /** Until `stop`; rejects with a bug, such as an hour that does not balance. */
  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  hint(): void {
    this.#rounds.wake()
  }

  /** Seals and corrects everything that is due now. */
  async drain(): Promise<void> {
    while (await this.#rounds.once()) {
      // Each round writes an hour or keeps the sums of a day.
    }
  }

  /** What waits to be sealed or corrected, by the last round; `null` before the first. */
  backlog(nowMs: number): (SealOverdue & { readonly dirtyHours: number }) | null {
    const backlog = this.#backlog
    if (backlog === null) return null
    const overdue = overdueOf(backlog, nowMs, this.#settings.sealAfterMs)
    return { ...overdue, dirtyHours: backlog.dirtyHours.length }
  }

  /** True when more is due and this round got on. */
  async #round(): Promise<boolean> {
    const backlog = await this.#store.rollupBacklog()
    this.#backlog = backlog
    const nowMs = this.#clock.wallMs()
    const { sealAfterMs } = this.#settings
    const due = dueHours(backlog, nowMs, { sealAfterMs, limit: HOURS_PER_ROUND_MAX })
    const dirty = backlog.dirtyHours.slice(0, HOURS_PER_ROUND_MAX - due.length)
    let written = 0
    let { lastSealedHourMs } = backlog
    // Each hour is known from when it is written, not from when the round began: who has asked
    // meanwhile was answered without it.
    for (const hourMs of due) {
      // In order: the last sealed hour says that all before it are sealed too.
      if (!(await this.#seal(hourMs, this.#clock.wallMs()))) break
      lastSealedHourMs = hourMs
      written += 1
    }
    for (const hourMs of dirty) {
      if (await this.#correct(hourMs, this.#clock.wallMs())) written += 1
    }
    if (written > 0) this.#onWritten()
    const isFull = due.length + dirty.length === HOURS_PER_ROUND_MAX
    // After the hours: an hour that is due does not wait for sums of old ones.
    const hasKept = await this.#sums.round(lastSealedHourMs)
    return hasKept || (isFull && written > 0)
  }

  async #seal(hourMs: number, nowMs: number): Promise<boolean> {
    const material = await this.#store.readHour(hourMs)
    const settled = this.#waitsForChildren(material, nowMs) ? null : this.#settle(material, nowMs)
    if (settled === null) return false
    const write = this.#hourWrite(settled, { version: 1, knownAtMs: nowMs })
    return this.#write(write, material.mark, [sealEntry(write)])
  }

  async #correct(hourMs: number, nowMs: number): Promise<boolean> {
    const range = { fromMs: hourMs, toMs: hourMs + HOUR_MS }
    const seal = (await this.#store.sealedHours(range.fromMs, range.toMs))[0]
    // Not sealed yet: the seal will hold what has changed. Only an hour before all others is dirty
    // without a seal: a child that is older than this ledger has told it.
    if (seal === undefined) return this.#seal(hourMs, nowMs)
    const material = await this.#store.readHour(hourMs)
    if (isBehind(material, nowMs, this.#settings)) return false
    const settled = this.#settle(material, nowMs)
    if (settled === null) return false
    // A clock that stepped back must not make a version known before the one it corrects.
    const knownAtMs = Math.max(nowMs, seal.sealedAtMs)
    const write = this.#hourWrite(settled, { version: seal.version + 1, knownAtMs })
    const before = await this.#store.readBuckets(SCOPE_ALL, { ...range, knownAtMs })
    const moves = movesBetween(latest(before, seal.version), write.buckets)
    return this.#write(write, material.mark, correctionEntries(write, moves))
  }

  async #write(
    write: HourWrite,
    expectedMark: string,
    outbox: readonly OutboxEntry[],
  ): Promise<boolean> {
    const { hourMs, version, knownAtMs, buckets } = write
    const result = await this.#store.writeBuckets({
      hourMs,
      expectedMark,
      version,
      knownAtMs,
      buckets,
      outbox,
    })
    if (result.status === 'written') this.#noteWritten(write)
    return result.status === 'written'
  }

  #noteWritten({ hourMs, version }: HourWrite): void {
    if (this.#backlog === null) return
    const dirtyHours = this.#backlog.dirtyHours.filter((one) => one !== hourMs)
    const lastSealedHourMs = version === 1 ? hourMs : this.#backlog.lastSealedHourMs
    this.#backlog = { ...this.#backlog, lastSealedHourMs, dirtyHours }
  }

  /**
   * What children have not told, or not sealed, of a due hour may be on its way. Those that are away
   * are not waited for: their cards are unknown until they are back.
   */
  #waitsForChildren(material: HourMaterial, nowMs: number): boolean {
    const { sealAfterMs, patienceMs } = this.#settings
    const waitedMs = nowMs - (material.hourMs + HOUR_MS + sealAfterMs)
    const isAwaited = material.children?.isAwaited === true && waitedMs < patienceMs
    return isAwaited || isBehind(material, nowMs, this.#settings)
  }

  /** The material to write, without cards that were waited for long enough; `null`: wait on. */
  #settle(material: HourMaterial, nowMs: number): Settled | null {
    const unsettled = new Set(unsettledUnits(material))
    if (unsettled.size === 0) return { material, unsettledCards: 0 }
    const { sealAfterMs, patienceMs } = this.#settings
    const waitedMs = nowMs - (material.hourMs + HOUR_MS + sealAfterMs)
    const [first] = unsettled
    const fields = {
      hour_ms: material.hourMs,
      cards: unsettled.size,
      unit_id: first?.unit.unitId,
      waited_ms: waitedMs,
    }
    if (waitedMs < patienceMs) {
      this.#logger.warn(fields, 'an hour waits for cards whose time is not told yet')
      return null
    }
    this.#logger.error(fields, 'an hour is sealed without cards whose time was never told')
    const units = material.units.filter((unit) => !unsettled.has(unit))
    return { material: { ...material, units }, unsettledCards: unsettled.size }
  }

  #hourWrite(settled: Settled, version: { version: number; knownAtMs: number }): HourWrite {
    const { material, unsettledCards } = settled
    const buckets = bucketsOf(material, version)
    return { hourMs: material.hourMs, ...version, buckets, unsettledCards }
  }
}

/**
 * Children that are telling all they know, as to a ledger that is younger than they are: old hours
 * would be sealed and corrected again and again. Hours of today never wait for that.
 */
function isBehind(
  { children, hourMs }: HourMaterial,
  nowMs: number,
  { patienceMs }: { readonly patienceMs: number },
): boolean {
  const sinceMs = children?.behindSinceMs ?? null
  return sinceMs !== null && hourMs < nowMs - OLD_HOUR_MS && nowMs < sinceMs + patienceMs
}

interface Settled {
  readonly material: HourMaterial
  readonly unsettledCards: number
}

function latest(buckets: readonly Bucket[], version: number): readonly Bucket[] {
  assert(
    buckets.every((bucket) => bucket.version === version),
    'buckets read as known now are of the version the seal names',
  )
  return buckets
}
