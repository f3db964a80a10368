/**
 * Holds that cannot become leases any more (SPEC E1): one card is enough, for a hold is whole or
 * nothing. Causes in the order in which they are looked for. Pure.
 */
import { runCode, stateOf } from '@yiben/shared'
import type { Claim, Draw } from '../model/draw.ts'
import type { DrawChange } from '../storage/draw-requests.ts'
import { releasedEntry } from './draw-entries.ts'
import { changeOf } from './draw-hold.ts'
import { decideLapse, isLapsed } from './draw-lapse.ts'
import { released } from './draw-void.ts'
import { type CardLook, type LeaseLook, silentSinceMs } from './lease-look.ts'

/** A single one of these ends no deposit, and no hold (C21). */
const GREY = runCode('busy/grey')
/** DESIGN 2.3: a node silent for so long has ended its windows. */
const SILENT_MS_MAX = 90_000

const VOID_CAUSES = [
  'placement_ended',
  'in_conflict',
  'reclaimed',
  'paused',
  'withheld',
  'left_free',
  'node_silent',
] as const
type VoidCause = (typeof VOID_CAUSES)[number]

/** Lapsed by time, or voided by what became of a card; `null`: the hold goes on. */
export function decideHold(draw: Draw, look: LeaseLook): DrawChange | null {
  if (draw.state !== 'held') return null
  if (isLapsed(draw, look.nowMs)) {
    const outcome = decideLapse(draw, look)
    return outcome.status === 'decided' ? outcome.change : null
  }
  const causes = draw.claims
    .filter(({ state }) => state === 'held')
    .map((claim) => voidCauseOf(claim, look.cards.get(claim.ordinal), look))
  const cause = VOID_CAUSES.find((one) => causes.includes(one))
  if (cause === undefined) return null
  const after = released(draw, { state: 'voided', end: 'voided', atMs: look.nowMs })
  const entry = releasedEntry('draw_voided', after, look)
  const outbox = [{ ...entry, payload: { ...entry.payload, cause } }]
  return { ...changeOf(draw.version, after), outbox }
}

function voidCauseOf(claim: Claim, card: CardLook | undefined, look: LeaseLook): VoidCause | null {
  if (card === undefined) return null
  const { unit, row } = card
  if (unit === null || row === null || row.validToMs !== null || card.recutAtMs !== null) {
    return 'placement_ended'
  }
  if (row.isInConflict || !row.isCounted) return 'in_conflict'
  const { consentEnds, withheld, runCode: code } = unit
  const spoken = consentEnds.latest.find(({ sinceMs }) => sinceMs >= claim.heldAtMs)
  const by = withheld?.by ?? spoken?.by
  if (by === 'veto') return 'reclaimed'
  if (by === 'pause') return 'paused'
  if (by !== undefined) return 'withheld'
  const isFree = stateOf(code) === 'free' || code === GREY
  if (card.hasLeftFree || !isFree) return 'left_free'
  const silentMs = look.nowMs - silentSinceMs(card, look)
  return look.isSilenceJudged && silentMs >= SILENT_MS_MAX ? 'node_silent' : null
}
