/**
 * The hours of an export against what the journal says of them: each seal and correction carries the
 * root over its hour's buckets, so that the figures beside the journal are as provable as itself.
 */
import { TREE_SHA256 } from './format.ts'
import { RootWalk } from './verify-tree.ts'

/** A bucket's line, as far as its hour's root is over it. */
export interface ToldBucket {
  readonly hourMs: number
  readonly version: number
  readonly siteCode: string
  readonly ownerCode: string
  readonly vendor: string
  readonly printedName: string
  readonly memoryTotalMib: number | null
  readonly powerCapWatts: number | null
  readonly cards: number
  /** Amounts as decimal text. */
  readonly figures: Readonly<Record<string, string>>
}

/** What an entry says of an hour. */
export interface ToldSeal {
  readonly hourMs: number
  readonly version: number
  readonly root: string
}

export type HourFault = 'seal_differs' | 'buckets_missing' | 'hours_out_of_order'

interface HourRoot {
  readonly version: number
  readonly root: string
}

/** Buckets come hour by hour, then the entries; `finish` compares. */
export class HourCheck {
  readonly #roots = new Map<number, HourRoot>()
  readonly #seals = new Map<number, Map<number, string>>()
  #hourMs = Number.NEGATIVE_INFINITY
  #version = 0
  #buckets: { readonly key: string; readonly bytes: Uint8Array }[] = []

  addBucket(bucket: ToldBucket): HourFault | null {
    if (bucket.hourMs !== this.#hourMs) {
      if (bucket.hourMs < this.#hourMs) return 'hours_out_of_order'
      this.#endHour()
      this.#hourMs = bucket.hourMs
      this.#version = bucket.version
    }
    // Buckets of one hour are of one version: it is written whole.
    if (bucket.version !== this.#version) return 'seal_differs'
    const key = keyOf(bucket)
    this.#buckets.push({ key, bytes: bytesOfBucket(bucket, key) })
    return null
  }

  addSeal({ hourMs, version, root }: ToldSeal): void {
    const versions = this.#seals.get(hourMs) ?? new Map<number, string>()
    versions.set(version, root)
    this.#seals.set(hourMs, versions)
  }

  /** `proven`: hours whose buckets are the ones sealed; `unproven`: no entry says so yet. */
  finish():
    | { readonly status: 'verified'; readonly proven: number; readonly unproven: number }
    | { readonly status: 'broken'; readonly fault: HourFault; readonly hourMs: number } {
    this.#endHour()
    let proven = 0
    for (const [hourMs, { version, root }] of this.#roots) {
      const sealed = this.#seals.get(hourMs)?.get(version)
      if (sealed !== undefined && sealed !== root) {
        return { status: 'broken', fault: 'seal_differs', hourMs }
      }
      if (sealed !== undefined) proven += 1
    }
    for (const [hourMs, versions] of this.#seals) {
      const latest = versions.get(Math.max(...versions.keys()))
      if (!this.#roots.has(hourMs) && latest !== EMPTY_ROOT) {
        return { status: 'broken', fault: 'buckets_missing', hourMs }
      }
    }
    return { status: 'verified', proven, unproven: this.#roots.size - proven }
  }

  #endHour(): void {
    if (this.#buckets.length === 0) return
    const walk = new RootWalk(TREE_SHA256)
    this.#buckets.sort((left, right) => (left.key < right.key ? -1 : 1))
    for (const { bytes } of this.#buckets) walk.addLeaf(bytes)
    this.#roots.set(this.#hourMs, { version: this.#version, root: hexOf(walk.root()) })
    this.#buckets = []
  }
}

const EMPTY_ROOT = hexOf(new RootWalk(TREE_SHA256).root())

/** Names a bucket within its hour; buckets are in the order of their names. */
function keyOf(bucket: ToldBucket): string {
  const { siteCode, ownerCode, vendor, printedName, memoryTotalMib, powerCapWatts } = bucket
  const profile = JSON.stringify([vendor, printedName, memoryTotalMib, powerCapWatts])
  return JSON.stringify([siteCode, ownerCode, profile])
}

/** Canonical JSON of the figures, the number of cards and the name. */
function bytesOfBucket({ cards, figures }: ToldBucket, key: string): Uint8Array {
  const fields = Object.entries({ ...figures, cards, key }).sort(([left], [right]) =>
    left < right ? -1 : 1,
  )
  return Buffer.from(JSON.stringify(Object.fromEntries(fields)), 'utf8')
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
