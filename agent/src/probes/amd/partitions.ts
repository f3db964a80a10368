/**
 * Compute partitions of the MI300 family (DPX, TPX, QPX, CPX). amd-smi lists each as a card of its
 * own, the further ones with little more than a number: together they are one card that is cut.
 */
import type { CardSlice, Cut } from '../card-vendor.ts'
import { sriovWord } from '../sriov.ts'
import type { AmdDevice } from './devices.ts'

/** A card in one piece: `SPX`; older cards tell no mode at all. */
const WHOLE = 'SPX'

export function isCut({ compute_partition: mode }: AmdDevice): boolean {
  return mode !== null && mode !== undefined && mode !== WHOLE
}

export function cutOf({ slices = [] }: AmdDevice): Cut | null {
  if (slices.length < 2) return null
  return { slices, whole: slices.reduce((sum, { weight }) => sum + weight, 0) }
}

/** For a cut of which the parts are not told, and a card given to virtual machines in parts. */
export function splitOf(device: AmdDevice): string | null {
  return isCut(device) ? (device.compute_partition ?? null) : sriovWord(device)
}

/**
 * The cards of a list in which partitions stand as cards: the first of each, with its partitions.
 * What the tool prints for the first is that of a partition, so that of the whole card nothing but
 * its ids, power and temperature is told. A list without numbers of partitions stays as it is.
 */
export function gatherPartitions(devices: readonly AmdDevice[]): AmdDevice[] {
  const groups: [AmdDevice, ...AmdDevice[]][] = []
  for (const device of devices) {
    const group = groups.at(-1)
    const isFurther = (device.partition_id ?? 0) > 0 && group !== undefined && isCut(group[0])
    if (isFurther && isSameCard(group[0], device)) group.push(device)
    else groups.push([device])
  }
  return groups.map(([first, ...others]) => {
    if (others.length === 0) return first
    const slices = [first, ...others].map((part) => sliceOf(part, first))
    const untold = { memory_total_mib: null, memory_used_mib: null, utilization_pct: null }
    return { ...first, ...untold, processes: null, slices }
  })
}

/** Partitions differ in the function of their address, if they show one. */
function isSameCard(first: AmdDevice, other: AmdDevice): boolean {
  const place = ({ pci_bdf }: AmdDevice) => pci_bdf?.split('.')[0]
  return other.pci_bdf === null || place(first) === place(other)
}

/** Partitions of one card are of one size. */
function sliceOf(part: AmdDevice, first: AmdDevice): CardSlice {
  return {
    part: `p${part.partition_id ?? 0}`,
    uuid: null,
    profile: first.compute_partition ?? null,
    weight: 1,
    memory_total_mib: part.memory_total_mib,
    memory_used_mib: part.memory_used_mib,
    utilization_pct: part.utilization_pct,
    processes: part.processes,
  }
}
