/**
 * What an hour's seal or correction says in the journal. Late data never rewrites history: a new
 * version of the hour is written beside the old one, and the entry names every site whose figures
 * moved, each figure and by how much (C14).
 */

import { canonicalBytes } from '../journal/canonical.ts'
import { TREE_SHA256 } from '../journal/format.ts'
import { leafHash, rootOf } from '../journal/tree.ts'
import type { Bucket, JsonObject, OutboxEntry } from '../model/ledger.ts'
import { bucketKey } from './bucket.ts'
import { BUCKET_FIGURES, type BucketFigure } from './bucket-figures.ts'
import { BUCKET_DEFINITION_VERSION, STATE_DEFINITION_VERSION } from './definitions.ts'

/** Sites per entry; a correction of the whole country takes several entries. */
const SITES_PER_ENTRY_MAX = 200

export interface SiteMove {
  readonly siteCode: string
  readonly cardsDelta: number
  /** Figures that moved, by how much; never zero. */
  readonly deltas: Readonly<Partial<Record<BucketFigure, bigint>>>
}

/** Sites whose figures differ between two versions of one hour, ordered by code. */
export function movesBetween(
  before: readonly Bucket[],
  after: readonly Bucket[],
): readonly SiteMove[] {
  const sites = new Map<string, { cards: number; deltas: Map<BucketFigure, bigint> }>()
  const add = (bucket: Bucket, sign: 1 | -1) => {
    const site = sites.get(bucket.siteCode) ?? { cards: 0, deltas: new Map() }
    sites.set(bucket.siteCode, site)
    site.cards += sign * bucket.cards
    for (const figure of BUCKET_FIGURES) {
      const moved = (site.deltas.get(figure) ?? 0n) + BigInt(sign) * bucket[figure]
      site.deltas.set(figure, moved)
    }
  }
  for (const bucket of before) add(bucket, -1)
  for (const bucket of after) add(bucket, 1)
  return [...sites.entries()]
    .map(([siteCode, { cards, deltas }]) => ({
      siteCode,
      cardsDelta: cards,
      deltas: Object.fromEntries([...deltas].filter(([, delta]) => delta !== 0n)),
    }))
    .filter(({ cardsDelta, deltas }) => cardsDelta !== 0 || Object.keys(deltas).length > 0)
    .sort((left, right) => (left.siteCode < right.siteCode ? -1 : 1))
}

/** RFC 6962 root over an hour's buckets in order: measurement becomes provable. */
export function bucketsRoot(buckets: readonly Bucket[]): string {
  const leaves = buckets.map((bucket) => leafHash(TREE_SHA256, canonicalBytes(bucketJson(bucket))))
  return Buffer.from(rootOf(TREE_SHA256, leaves)).toString('hex')
}

export interface HourWrite {
  readonly hourMs: number
  readonly version: number
  readonly knownAtMs: number
  readonly buckets: readonly Bucket[]
  /** Cards left out because their time was still not told; a correction brings them. */
  readonly unsettledCards: number
}

export function sealEntry(write: HourWrite): OutboxEntry {
  return {
    kind: 'hour_sealed',
    atMs: write.knownAtMs,
    payload: { ...headOf(write), buckets: write.buckets.length },
  }
}

/** At least one entry, also where nothing moved: a version without an entry would be a riddle. */
export function correctionEntries(
  write: HourWrite,
  moves: readonly SiteMove[],
): readonly OutboxEntry[] {
  const parts = Math.max(1, Math.ceil(moves.length / SITES_PER_ENTRY_MAX))
  return Array.from({ length: parts }, (_, index) => ({
    kind: 'hour_corrected' as const,
    atMs: write.knownAtMs,
    payload: {
      ...headOf(write),
      part: index + 1,
      parts,
      sites: moves
        .slice(index * SITES_PER_ENTRY_MAX, (index + 1) * SITES_PER_ENTRY_MAX)
        .map(moveJson),
    },
  }))
}

function headOf(write: HourWrite): JsonObject {
  return {
    hour_ms: write.hourMs,
    version: write.version,
    definition: BUCKET_DEFINITION_VERSION,
    state_definition: STATE_DEFINITION_VERSION,
    root: bucketsRoot(write.buckets),
    unsettled_cards: write.unsettledCards,
  }
}

function moveJson(move: SiteMove): JsonObject {
  const moved = Object.entries(move.deltas).map(([figure, delta]) => [figure, String(delta)])
  return { site: move.siteCode, cards: move.cardsDelta, moved: Object.fromEntries(moved) }
}

function bucketJson(bucket: Bucket): JsonObject {
  const figures = BUCKET_FIGURES.map((figure) => [figure, String(bucket[figure])])
  return { ...Object.fromEntries(figures), key: bucketKey(bucket), cards: bucket.cards }
}
