/** Finds the units a person named on the command line: by index, by id, by PCI address. Pure. */
import type { IndexedUnit } from '../sampling/facts.ts'

export type FoundUnits =
  | { readonly status: 'found'; readonly units: readonly IndexedUnit[] }
  | { readonly status: 'unit_unknown'; readonly sentence: string }

/** No name means every unit. A name that fits nothing stops the whole order: nothing is half done. */
export function findUnits(units: readonly IndexedUnit[], names: readonly string[]): FoundUnits {
  if (names.length === 0) return { status: 'found', units }
  const found = new Map<number, IndexedUnit>()
  for (const name of names) {
    const unit = units.find((candidate) => isNamed(candidate, name))
    if (unit === undefined) {
      const known = units.map(({ index }) => index).join(', ')
      return {
        status: 'unit_unknown',
        sentence: `There is no accelerator "${name}" on this node; \`status\` lists them (indexes ${known || 'none'}).`,
      }
    }
    found.set(unit.index, unit)
    // A card is taken back with everything cut out of it.
    for (const part of units) {
      if (part.unit.parentKey === unit.unit.key) found.set(part.index, part)
    }
  }
  return { status: 'found', units: [...found.values()] }
}

function isNamed({ id, index, unit }: IndexedUnit, name: string): boolean {
  const wanted = name.toLowerCase()
  return (
    wanted === String(index) ||
    wanted === id.toLowerCase() ||
    wanted === unit.key.toLowerCase() ||
    wanted === unit.pciAddress
  )
}
