/** What collectors below have for a request: all that can be asked at once, each within its time. */
import { ASK_HOPS_MAX, type Clock } from '@yiben/shared'
import type { CapacityRequest } from '../bank/capacity.ts'
import type { ChildLine } from '../model/child-line.ts'
import type { Scope } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { askCapacity } from './asking.ts'
import type { AskedCapacity, ToldCapacity, ToldPlace, UnheardPlace } from './words.ts'

/** Who reports here is looked up so often. */
const CHILDREN_EVERY_MS = 5_000

export interface SearchOptions {
  readonly store: Pick<Store, 'listChildren'>
  readonly clock: Clock
  readonly line: ChildLine
}

export interface SearchBelow {
  readonly asked: Omit<AskedCapacity, 'hops'>
  /** Collectors that may still hand it down. */
  readonly hops: number
  readonly withinMs: number
}

export class CapacityBelow {
  readonly #options: SearchOptions
  #known: readonly UnheardPlace[] = []
  #knownAtMs = Number.NEGATIVE_INFINITY

  constructor(options: SearchOptions) {
    this.#options = options
  }

  /** Children that let this collector draw; those that are not heard are named. */
  async search({ asked, hops, withinMs }: SearchBelow): Promise<ToldCapacity> {
    const { line } = this.#options
    if (hops <= 0) return { places: [], unheard: [] }
    const connected = line.drawing()
    const open = connected.filter(({ isOpen }) => isOpen)
    const replies = await Promise.all(
      open.map(({ childId }) => {
        const way = { path: [childId], withinMs }
        return askCapacity(line, { ...asked, hops: hops - 1 }, way)
      }),
    )
    const places: ToldPlace[] = []
    const unheard: UnheardPlace[] = []
    for (const [index, { childId, name }] of open.entries()) {
      const reply = replies[index]
      if (reply === undefined || !('status' in reply)) {
        places.push(...(reply?.places ?? []))
        unheard.push(...(reply?.unheard ?? []))
      } else if (reply.status === 'unheard') unheard.push({ path: [childId], name })
    }
    const away = await this.#away(new Set(connected.map(({ childId }) => childId)))
    return { places, unheard: [...unheard, ...away] }
  }

  /** Known, and not connected: whether they would let draw nobody can say. */
  async #away(connected: ReadonlySet<string>): Promise<readonly UnheardPlace[]> {
    const { clock, store } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#knownAtMs >= CHILDREN_EVERY_MS) {
      this.#knownAtMs = nowMs
      this.#known = (await store.listChildren())
        .filter(({ child }) => child.status === 'active' && !child.isOneWay)
        .map(({ child }) => ({ path: [child.childId], name: child.name }))
    }
    return this.#known.filter(({ path: [childId = ''] }) => !connected.has(childId))
  }
}

/** Whether it reports here, heard or not. */
export async function isChild(
  childId: string,
  { line, store }: { readonly line: Pick<ChildLine, 'drawing'> } & Pick<SearchOptions, 'store'>,
): Promise<boolean> {
  if (line.drawing().some((child) => child.childId === childId)) return true
  const children = await store.listChildren()
  return children.some(({ child }) => child.childId === childId && child.status === 'active')
}

/** As it is asked. */
export function askedCapacityOf(
  { amount, ...request }: CapacityRequest,
  scope: Scope,
  limit: number,
): SearchBelow['asked'] {
  return {
    request: {
      ...request,
      amount: amount?.unit === 'p' ? { unit: 'p', nano_tflops: String(amount.nanoTflops) } : amount,
    },
    scope: {
      regions: scope.regions === 'all' ? 'all' : [...scope.regions],
      sites: scope.sites === 'all' ? 'all' : [...scope.sites],
    },
    limit,
  }
}

/** As it is searched for. */
export function capacityRequestOf({ request }: Pick<AskedCapacity, 'request'>): CapacityRequest {
  const { amount, ...same } = request
  return {
    ...same,
    amount: amount?.unit === 'p' ? { unit: 'p', nanoTflops: BigInt(amount.nano_tflops) } : amount,
  }
}

export const SEARCH_HOPS_MAX = ASK_HOPS_MAX
