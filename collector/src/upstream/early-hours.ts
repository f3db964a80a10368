/**
 * Hours that are over and not sealed yet, as a parent is told them: what has not been told of a card
 * by then is unknown in it. The seal tells the hour anew.
 */
import { HOUR_MS, hourStartMs, type Logger, type ReportedBucket } from '@yiben/shared'
import type { Bucket } from '../model/ledger.ts'
import { bookedMs, bucketsOf } from '../rollup/bucket.ts'
import type { MadeRecord } from '../storage/feed-store.ts'
import type { HourMaterial } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'

/** Hours further back are sealed by now, or about to be. */
const HOURS_BACK_MAX = 3

export interface EarlyHoursOptions {
  readonly store: Pick<Store, 'sealedHours' | 'readHour' | 'feedMade' | 'readOwnSites'>
  readonly log: Logger
  readonly origin: string
  readonly delayMs: number
}

export class EarlyHours {
  readonly #options: EarlyHoursOptions
  /** The latest hour that was told by this process. */
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(options: EarlyHoursOptions) {
    this.#options = options
  }

  /** Tells the hours that are due. */
  async round(nowMs: number): Promise<void> {
    const lastMs = hourStartMs(nowMs - this.#options.delayMs) - HOUR_MS
    if (lastMs <= this.#toldMs) return
    const firstMs = Math.max(this.#toldMs + HOUR_MS, lastMs - (HOURS_BACK_MAX - 1) * HOUR_MS)
    const seals = await this.#options.store.sealedHours(firstMs, lastMs + HOUR_MS)
    const sealed = new Set(seals.map(({ hourMs }) => hourMs))
    for (let hourMs = firstMs; hourMs <= lastMs; hourMs += HOUR_MS) {
      if (!sealed.has(hourMs)) await this.#tell(hourMs, nowMs)
      this.#toldMs = hourMs
    }
  }

  async #tell(hourMs: number, knownAtMs: number): Promise<void> {
    const { log, store } = this.#options
    const material = earlyMaterial(await store.readHour(hourMs))
    if (material === null) {
      log.warn({ hour_ms: hourMs }, 'an hour is not told before it is sealed: its time overlaps')
      return
    }
    const own = new Set(await store.readOwnSites())
    const bySite = new Map<string, ReportedBucket[]>()
    for (const bucket of bucketsOf(material, { version: 0, knownAtMs })) {
      if (!own.has(bucket.siteCode)) continue
      const buckets = bySite.get(bucket.siteCode) ?? []
      if (buckets.length === 0) bySite.set(bucket.siteCode, buckets)
      buckets.push(reported(bucket))
    }
    const records = [...bySite].map(([siteCode, buckets]): MadeRecord => {
      const { origin } = this.#options
      return {
        kind: 'hour',
        hour: { origin, siteCode, hourMs, sealVersion: 0, knownAtMs, buckets },
      }
    })
    if (records.length > 0) await store.feedMade(records)
  }
}

/** With what nobody has told as silence; `null` where a card has more time than there is. */
function earlyMaterial(material: HourMaterial): HourMaterial | null {
  const units = material.units.map((unit) => {
    const untoldMs = unit.validMs - bookedMs(unit)
    return untoldMs === 0 ? unit : { ...unit, silentMs: unit.silentMs + untoldMs }
  })
  const overlaps = material.units.some((unit) => bookedMs(unit) > unit.validMs)
  return overlaps ? null : { ...material, units }
}

function reported(bucket: Bucket): ReportedBucket {
  const {
    hourMs: _hour,
    knownAtMs: _known,
    profile,
    siteCode: _site,
    version: _version,
    ...figures
  } = bucket
  const { memoryTotalMib, name, powerCapWatts, vendor } = profile
  return { ...figures, vendor, name, memoryTotalMib, powerCapWatts }
}
