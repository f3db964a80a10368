/**
 * Cards that owners keep back by site and model: of those that stand at the site and count, no more
 * than all but so many are deposited, on whichever nodes; a card that is lent counts as deposited.
 *
 * The bound itself is kept by the store, in the transaction that opens a deposit: two collectors that
 * decide at once on different nodes of a site cannot both take its last place. Here is what a
 * decision is made on, from the store's own counts: how much room there is, and when there is less
 * than none (the owner keeps more, cards have left) which deposits are too many: the youngest that
 * nobody has on lease.
 */
import type { Clock } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { CardStock, KeptCards, ModelAtSite } from '../model/site.ts'
import type { Store } from '../storage/store.ts'
import type { Lots } from './lots.ts'

/** An owner's new word is followed after this at the latest. */
const TERMS_MS_MAX = 5_000
/** Cards that leave a site make too many of those deposited. */
const EXCESS_LOOK_MS = 30_000
/** Of one model at one site in one look; the next look takes more. */
const EXCESS_MAX = 256

export type KeepStore = Pick<Store, 'readKeptSites' | 'readCardStock' | 'readYoungestDeposits'>

export interface SiteKeepsOptions {
  readonly store: KeepStore
  readonly clock: Clock
  readonly lots: Pick<Lots, 'kindOf'>
}

/** By model; what is not in it is not limited. */
export type ModelRoom = ReadonlyMap<string, number>

export class SiteKeeps {
  readonly #store: KeepStore
  readonly #clock: Clock
  readonly #lots: Pick<Lots, 'kindOf'>
  #keeps: ReadonlyMap<string, readonly KeptCards[]> = new Map()
  /** Monotonic; `null`: to be read anew. */
  #readAtMs: number | null = null
  #excessAtMs: number | null = null

  constructor({ store, clock, lots }: SiteKeepsOptions) {
    this.#store = store
    this.#clock = clock
    this.#lots = lots
  }

  /** Terms may have changed: a decision made on them was stale. */
  forget(): void {
    this.#readAtMs = null
  }

  async refresh(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#readAtMs !== null && nowMs - this.#readAtMs < TERMS_MS_MAX) return
    const sites = await this.#store.readKeptSites(this.#clock.wallMs())
    const keeps = new Map(sites.map(({ keep, siteCode }) => [siteCode, keep]))
    const isSame = JSON.stringify([...keeps]) === JSON.stringify([...this.#keeps])
    if (!isSame) this.#excessAtMs = null
    this.#keeps = keeps
    this.#readAtMs = nowMs
  }

  isKept(siteCode: string, model: string | null): boolean {
    const keep = this.#keeps.get(siteCode) ?? []
    return keep.some((one) => one.model === model)
  }

  /** Negative where more is deposited than may be. */
  async roomOf(siteCodes: ReadonlySet<string>): Promise<ReadonlyMap<string, ModelRoom>> {
    const stock = await this.#stockOf([...siteCodes])
    return new Map(
      [...siteCodes].map((siteCode) => {
        const models = (this.#keeps.get(siteCode) ?? []).map(({ cards, model }) => {
          const { deposited, placed } = countOf(stock, siteCode, model)
          return [model, Math.max(0, placed - cards) - deposited] as const
        })
        return [siteCode, new Map(models)]
      }),
    )
  }

  /** For the store's own check: the kept models among these, with every name of theirs. */
  async modelsOf(
    opened: readonly { readonly siteCode: string; readonly profile: DeviceProfile }[],
  ): Promise<readonly ModelAtSite[]> {
    const models = new Map<string, ModelAtSite>()
    const sites = new Set(opened.map(({ siteCode }) => siteCode))
    const kept = [...sites].filter((siteCode) => this.#keeps.has(siteCode))
    const stock = kept.length === 0 ? [] : await this.#stockOf(kept)
    const seen = [...opened, ...stock]
    for (const { profile, siteCode } of opened) {
      const { model } = this.#lots.kindOf(profile)
      if (model === null) continue
      const profiles = seen
        .filter((one) => one.siteCode === siteCode)
        .map((one) => one.profile)
        .filter((one) => this.#lots.kindOf(one).model === model)
      models.set(JSON.stringify([siteCode, model]), { siteCode, model, profiles })
    }
    return [...models.values()]
  }

  /** Ids of deposits that are too many, by node; looked for now and then. */
  async excess(): Promise<ReadonlyMap<NodeId, ReadonlySet<string>>> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#excessAtMs !== null && nowMs - this.#excessAtMs < EXCESS_LOOK_MS) return new Map()
    this.#excessAtMs = nowMs
    const stock = await this.#stockOf([...this.#keeps.keys()])
    const found = new Map<NodeId, Set<string>>()
    for (const [siteCode, keep] of this.#keeps) {
      for (const { cards, model } of keep) {
        const counted = countOf(stock, siteCode, model)
        const over = counted.deposited - Math.max(0, counted.placed - cards)
        if (over <= 0) continue
        // More may be left than one look takes.
        if (over > EXCESS_MAX) this.#excessAtMs = null
        const youngest = await this.#store.readYoungestDeposits(
          { siteCode, model, profiles: counted.profiles },
          Math.min(over, EXCESS_MAX),
        )
        for (const { depositId, nodeId } of youngest) {
          found.set(nodeId, (found.get(nodeId) ?? new Set()).add(depositId))
        }
      }
    }
    return found
  }

  async #stockOf(siteCodes: readonly string[]): Promise<readonly ModelStock[]> {
    if (siteCodes.length === 0) return []
    const stock = await this.#store.readCardStock(siteCodes)
    return stock.map((one) => ({ ...one, model: this.#lots.kindOf(one.profile).model }))
  }
}

interface ModelStock extends CardStock {
  readonly model: string | null
}

function countOf(stock: readonly ModelStock[], siteCode: string, model: string) {
  const own = stock.filter((one) => one.siteCode === siteCode && one.model === model)
  return {
    placed: own.reduce((sum, { placed }) => sum + placed, 0),
    deposited: own.reduce((sum, { deposited }) => sum + deposited, 0),
    profiles: own.map(({ profile }) => profile),
  }
}
