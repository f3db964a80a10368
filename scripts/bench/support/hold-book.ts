/**
 * Who has been told to have which card: kept by the clients, beside the store, so that a card that is
 * granted twice is seen at the moment of the second answer, whatever the tables say later.
 */
import type { Claim, Draw, DrawId } from '../../../collector/src/model/draw.ts'
import type { AcceleratorId } from '../../../collector/src/model/ids.ts'

export class HoldBook {
  readonly #holders = new Map<AcceleratorId, DrawId>()
  /** Draws that were granted and acknowledged, with their cards. */
  readonly #granted = new Map<DrawId, number>()
  doubleGrants = 0

  get granted(): ReadonlyMap<DrawId, number> {
    return this.#granted
  }

  get heldCards(): number {
    return this.#holders.size
  }

  /** The store has said yes. */
  grant({ request, claims }: Draw): void {
    this.#granted.set(request.drawId, claims.length)
    for (const { acceleratorId } of claims) {
      if (acceleratorId === null) continue
      const holder = this.#holders.get(acceleratorId)
      if (holder !== undefined && holder !== request.drawId) this.doubleGrants += 1
      this.#holders.set(acceleratorId, request.drawId)
    }
  }

  /** Called before the store is asked to let the cards go: from then on somebody else may have them. */
  release({
    request,
    claims,
  }: {
    readonly request: Draw['request']
    readonly claims: readonly Claim[]
  }) {
    for (const { acceleratorId } of claims) {
      if (acceleratorId === null) continue
      if (this.#holders.get(acceleratorId) === request.drawId) this.#holders.delete(acceleratorId)
    }
  }
}
