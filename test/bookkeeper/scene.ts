/** A world with its clients, as actions meet it. */
import { canonicalDraw, type DrawInput } from '../../collector/src/bank/draw-request.ts'
import type { HoldRequest } from '../../collector/src/bank/draws.ts'
import type { Swap } from '../../collector/src/model/draw.ts'
import type { Clients } from './clients.ts'
import type { BankWorld } from './world.ts'

export interface Scene {
  readonly world: BankWorld
  readonly clients: Clients
  draws: number
}

export const NOTHING: readonly string[] = []

export function requestOf(
  change: Pick<DrawInput, 'drawId' | 'what' | 'forMs'> & Partial<DrawInput>,
  swap: Swap,
): HoldRequest {
  const isPool = change.what.kind === 'pool'
  const canonical = canonicalDraw({
    bank: 'bank',
    borrower: 'borrower',
    contract: 'contract',
    swap: isPool ? swap : 'never',
    ...change,
  })
  if (canonical.status !== 'ok') throw new Error(`${canonical.field} ${canonical.sentence}`)
  return { ...canonical.request, startMs: null }
}
