/**
 * A card out of single texts with their units, as `-q` of many tools prints them, in XML or as key
 * and value. Where each field stands is a table of paths per tool.
 */
import { type CardDevice, sparseCard } from '../card.ts'
import { normalisePciAddress } from './pci-address.ts'
import { readId } from './printed-id.ts'
import { readCelsius, readQuantity, readWord } from './text.ts'

export type SmiField =
  | 'name'
  | 'uuid'
  | 'serial'
  | 'pci'
  | 'memoryTotal'
  | 'memoryUsed'
  | 'utilization'
  | 'power'
  | 'powerCap'
  | 'temperature'

/** The paths at which a field is known, best first. */
export type SmiPaths = Readonly<Record<SmiField, readonly string[]>>

/** `at` finds the text at a path; `heading` is the address in the heading of the card, if there. */
export function readSmiFields(
  index: number,
  paths: SmiPaths,
  at: (path: string) => string | undefined,
  heading: string | null = null,
): CardDevice {
  const text = (field: SmiField) => firstText(paths[field], at)
  const pci = heading ?? readWord(text('pci'))
  return {
    ...sparseCard(index),
    name: readWord(text('name')),
    uuid: readId(text('uuid')),
    serial: readId(text('serial')),
    pci,
    pci_bdf: normalisePciAddress(pci),
    memory_total_mib: readQuantity(text('memoryTotal'), 'MiB'),
    memory_used_mib: readQuantity(text('memoryUsed'), 'MiB'),
    utilization_pct: readQuantity(text('utilization'), '%'),
    power_w: readQuantity(text('power'), 'W'),
    power_cap_w: readQuantity(text('powerCap'), 'W'),
    temperature_c: readCelsius(text('temperature')),
  }
}

/** The first of the paths that the text has, whatever stands there. */
export function firstText(
  paths: readonly string[],
  at: (path: string) => string | undefined,
): string | undefined {
  for (const path of paths) {
    const found = at(path)
    if (found !== undefined) return found
  }
  return undefined
}
