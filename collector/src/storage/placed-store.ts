/** What the storage port promises of draws that were placed here and are granted by children. */
import type { DrawId } from '../model/draw.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import type { PlacedDraw, PlacedState } from '../model/placed-draw.ts'
import type { Page, PageRequest } from './requests.ts'

/** One change of one draw: written whole, or not at all. */
export interface PlacedChange {
  /** Version that it was decided on; 0: it is new. */
  readonly expectedVersion: number
  /** As it is from now on, with `version` one higher. */
  readonly placed: PlacedDraw
  readonly outbox: readonly OutboxEntry[]
}

export interface PlacedFilter {
  readonly states: readonly PlacedState[] | 'all'
  readonly bank: string | null
  readonly borrower: string | null
  /** Those that this one placed, and those with a card at one of the sites; `null`: all. */
  readonly seenBy: { readonly actor: string; readonly sites: readonly string[] } | null
}

/** Draws of these children, after one of them, in the order of their ids. */
export interface PlacedPage {
  readonly childIds: readonly string[] | 'all'
  readonly afterId: DrawId | null
  readonly limit: number
}

export interface PlacedStore {
  findPlaced(drawId: DrawId): Promise<PlacedDraw | null>
  /** `stale`: it has another version, or a new one's id exists, here or among this ledger's own. */
  commitPlaced(change: PlacedChange): Promise<{ readonly status: 'committed' | 'stale' }>
  /** With a step that has no answer. */
  readOpenPlaced(page: PlacedPage): Promise<readonly PlacedDraw[]>
  /** Without one, and not over as the child has told them. */
  readLivePlaced(page: PlacedPage): Promise<readonly PlacedDraw[]>
  /** Newest first. */
  listPlaced(filter: PlacedFilter, page: PageRequest): Promise<Page<PlacedDraw>>
}
