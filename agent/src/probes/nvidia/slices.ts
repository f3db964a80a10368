/**
 * MIG slices of a card as parts whose shares add up: by the compute slices that a profile has of
 * those of the whole card. Slices offer utilization where the library compares their counters (Hopper
 * on), else none; nothing can run outside of them, so that only what belongs to none is on the rest.
 */
import type { CardRest, CardSlice, Cut } from '../card-vendor.ts'
import type { NvidiaDevice, NvidiaSlice } from './devices.ts'

/** Parts by name whose uncut card has so many compute slices (NVIDIA's MIG user guide). */
const WHOLE_SLICES: readonly { readonly pattern: RegExp; readonly slices: number }[] = [
  { pattern: /\bA30\b|\bRTX PRO\b/, slices: 4 },
  { pattern: /\b(?:A100|A800|G?H\d{2,3}|G?B[123]00)/, slices: 7 },
]

/** `null` for a card in one piece, or one whose cut is not told whole. */
export function cutOf(device: NvidiaDevice): Cut | null {
  const { mig_devices: printed = [] } = device
  const slices = printed.map((slice) => sliceOf(slice, device)).filter((slice) => slice !== null)
  const whole = device.compute_slices_whole ?? wholeSlicesOf(device.name)
  if (slices.length === 0 || slices.length < printed.length || whole === null) return null
  return { whole, slices, rest: restOf(device, printed) }
}

function wholeSlicesOf(name: string | null): number | null {
  return WHOLE_SLICES.find(({ pattern }) => pattern.test(name ?? ''))?.slices ?? null
}

/** `null` where its size is not told. */
function sliceOf(slice: NvidiaSlice, { processes }: NvidiaDevice): CardSlice | null {
  const { gi, ci, profile = null, has_utilization: isCounted = false } = slice
  const weight = slice.compute_slices ?? computeSlicesOf(profile)
  if (weight === null) return null
  return {
    part: `gi${gi ?? '?'}ci${ci ?? '?'}`,
    uuid: slice.uuid || null,
    profile: profile && `MIG ${profile}`,
    weight,
    memory_total_mib: slice.memory_total_mib ?? null,
    memory_used_mib: slice.memory_used_mib ?? null,
    utilization_pct: isCounted ? (slice.utilization_pct ?? null) : null,
    has_utilization: isCounted,
    processes: processes?.filter((process) => process.gi === gi && process.ci === ci) ?? null,
  }
}

/** `3g.40gb` has 3, `1c.3g.40gb` one of them, `1g.10gb+me` one; `null` for another form. */
function computeSlicesOf(profile: string | null): number | null {
  const match = /^(?:(\d)c\.)?(\d)g\.\d+gb(?:[+-].*)?$/.exec(profile ?? '')
  const digits = match?.[1] ?? match?.[2]
  return digits === undefined ? null : Number(digits)
}

function restOf(device: NvidiaDevice, slices: readonly NvidiaSlice[]): CardRest {
  const total = left(device.memory_total_mib, slices, (slice) => slice.memory_total_mib)
  return {
    memory_total_mib: total === 0 ? null : total,
    memory_used_mib: left(device.memory_used_mib, slices, (slice) => slice.memory_used_mib),
    processes: device.processes?.filter(({ gi }) => gi === undefined) ?? null,
  }
}

/** What the card has beyond its slices; `null` unless every figure is told. */
function left(
  whole: number | null,
  slices: readonly NvidiaSlice[],
  amountOf: (slice: NvidiaSlice) => number | null | undefined,
): number | null {
  // Compute instances of one GPU instance share its memory: each instance counts once.
  const byInstance = new Map(
    slices.map((slice, at) => [slice.gi ?? `slice ${at}`, amountOf(slice) ?? null]),
  )
  const parts = [...byInstance.values()].filter((part) => part !== null)
  if (whole === null || parts.length < byInstance.size) return null
  return Math.max(0, whole - parts.reduce((sum, part) => sum + part, 0))
}
