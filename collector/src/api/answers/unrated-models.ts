/** Models without a figure in the catalogue: counted in cards, nothing of them in P. */
import type { CardCount } from '../../model/card-count.ts'
import type { CatalogueLookup } from './lookup.ts'

export interface UnratedModel {
  readonly vendor: string
  readonly printed_name: string
  readonly cards: number
}

/** By printed name, most cards first. */
export function unratedModels(
  lookup: CatalogueLookup,
  counts: readonly CardCount[],
): UnratedModel[] {
  const unrated = new Map<string, UnratedModel>()
  for (const { cards, profile } of counts) {
    if (lookup.match(profile).rated) continue
    const key = JSON.stringify([profile.vendor, profile.name])
    const before = unrated.get(key)?.cards ?? 0
    const row = { vendor: profile.vendor, printed_name: profile.name, cards: before + cards }
    unrated.set(key, row)
  }
  return [...unrated.values()].sort((left, right) => right.cards - left.cards)
}
