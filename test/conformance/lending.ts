/** Leases put into a store as decisions would: with their postings and entries, known at an instant. */
import type {
  Account,
  ClaimEnd,
  Draw,
  DrawRequest,
  Posting,
} from '../../collector/src/model/draw.ts'
import type { UnitRow } from '../../collector/src/model/inventory.ts'
import type { DrawChange } from '../../collector/src/storage/draw-requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { changeTo, drawEntry, endedDraw, heldDraw, postedDraw, postingOf } from './draw-maker.ts'

export interface Lending {
  readonly drawId: string
  readonly startMs: number
  readonly untilMs: number
  /** When it was posted. */
  readonly knownAtMs: number
  readonly request?: Partial<DrawRequest>
  readonly ownerCode?: string
}

/** Lends the cards; answers the draw as posted. */
export async function lend(
  store: Store,
  units: readonly UnitRow[],
  { drawId, startMs, untilMs, knownAtMs, request, ownerCode = 'owner-1' }: Lending,
): Promise<Draw> {
  const blank = heldDraw(drawId, units, request)
  const held = { ...blank, claims: blank.claims.map((claim) => ({ ...claim, ownerCode })) }
  const posted = postedDraw(held, startMs, untilMs)
  const postings = posted.claims.map(({ ordinal }) => postingOf(posted, ordinal, { knownAtMs }))
  await write(store, changeTo(held))
  await write(store, changeTo(posted, { postings, outbox: [entryAt(posted, knownAtMs)] }))
  return posted
}

/** All of its cards end at `endedAtMs` (in the past, where the end was told late). */
export async function endLending(
  store: Store,
  draw: Draw,
  at: {
    readonly endedAtMs: number
    readonly knownAtMs: number
    readonly end: ClaimEnd
    readonly to?: Account
    readonly recallCause?: string
    /** The card is clean at once: another may claim it. */
    readonly isClean?: boolean
    readonly change?: Partial<DrawChange>
  },
): Promise<Draw> {
  const { endedAtMs, knownAtMs, end, to, recallCause = null, isClean = false } = at
  const blank = endedDraw(draw, endedAtMs, { isClean, end })
  const ended = { ...blank, claims: blank.claims.map((claim) => ({ ...claim, recallCause })) }
  const postings = draw.claims.flatMap(({ ordinal, untilMs }): Posting[] => {
    if (to === undefined || untilMs === null || endedAtMs >= untilMs) return []
    const moved = { fromMs: endedAtMs, toMs: untilMs, from: 'pending' as const, to, knownAtMs }
    return [postingOf(draw, ordinal, moved)]
  })
  const outbox = [entryAt(ended, knownAtMs, 'lease_ended')]
  await write(store, changeTo(ended, { postings, outbox, ...at.change }))
  return ended
}

export async function write(store: Store, change: DrawChange): Promise<void> {
  const [result] = await store.commitDraws([change])
  if (result?.status !== 'committed') throw new Error(result?.status ?? 'no result')
}

function entryAt(draw: Draw, atMs: number, kind: 'draw_posted' | 'lease_ended' = 'draw_posted') {
  return { ...drawEntry(kind, draw), atMs }
}
