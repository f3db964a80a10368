/**
 * What silence means (DESIGN 2.3), decided from when each node was last heard. Pure; all times are
 * of the collector's monotonic clock, so that a step of its wall clock makes nobody silent (C4).
 *
 * When many vanish at once the loss is judged as one (C19): a site or an address range that
 * explains it has lost its link or power; spread over sites, the collector is what they all have
 * in common, and it suspects itself.
 */
import { isIPv6 } from 'node:net'
import type { NodeId } from '../model/ids.ts'

export interface LivenessSettings {
  /** Unheard for this long: no new holds. */
  readonly suspendAfterMs: number
  /** Unheard for this long: unknown from the last proven second, windows end. */
  readonly silentAfterMs: number
  /** A loss is many nodes last heard within this time of each other. */
  readonly lossWindowMs: number
  /** Longest time for which the collector suspects itself. */
  readonly suspicionMs: number
}

export const LIVENESS_SETTINGS: LivenessSettings = {
  suspendAfterMs: 30_000,
  silentAfterMs: 90_000,
  lossWindowMs: 60_000,
  suspicionMs: 600_000,
}

/** Fewer nodes than this say nothing about a collector. */
const LOSS_NODES_MIN = 20
/** More than this share must vanish. */
const LOSS_PERMILLE = 200
/** One site or range that holds at least this share of the vanished explains them. */
const EXPLAINED_PERMILLE = 800

export interface HeardNode {
  readonly nodeId: NodeId
  readonly siteCode: string
  readonly addressRange: string
  readonly lastHeardMs: number
  /** Said goodbye or was sent away: its absence is no loss. */
  readonly isExcused: boolean
}

export type Presence = 'heard' | 'suspended' | 'silent'

export function presenceOf(unheardMs: number, settings: LivenessSettings): Presence {
  if (unheardMs >= settings.silentAfterMs) return 'silent'
  return unheardMs >= settings.suspendAfterMs ? 'suspended' : 'heard'
}

export type Loss =
  | { readonly status: 'none' }
  | {
      readonly status: 'site' | 'range' | 'self'
      /** The site or range that explains it; `null` for the collector itself. */
      readonly explainedBy: string | null
      readonly vanished: readonly NodeId[]
      readonly nodes: number
    }

/** Judges the nodes that were last heard within one window and are now at least suspended. */
export function judgeLoss(
  nodes: Iterable<HeardNode>,
  nowMs: number,
  settings: LivenessSettings,
): Loss {
  const windowEndMs = nowMs - settings.suspendAfterMs
  const windowStartMs = windowEndMs - settings.lossWindowMs
  const vanished: HeardNode[] = []
  let total = 0
  for (const node of nodes) {
    if (node.isExcused || node.lastHeardMs <= windowStartMs) continue
    total += 1
    if (node.lastHeardMs <= windowEndMs) vanished.push(node)
  }
  if (total < LOSS_NODES_MIN || vanished.length * 1000 <= total * LOSS_PERMILLE) {
    return { status: 'none' }
  }
  const loss = { vanished: vanished.map((node) => node.nodeId), nodes: total }
  const site = explanationOf(vanished.map((node) => node.siteCode))
  if (site !== null) return { status: 'site', explainedBy: site, ...loss }
  const range = explanationOf(vanished.map((node) => node.addressRange))
  if (range !== null) return { status: 'range', explainedBy: range, ...loss }
  return { status: 'self', explainedBy: null, ...loss }
}

/** The networks that fail together: /24 of IPv4, /64 of IPv6. */
export function addressRangeOf(address: string): string {
  if (isIPv6(address)) return `${expandedGroups(address).slice(0, 4).join(':')}::/64`
  const parts = address.split('.')
  return parts.length === 4 ? `${parts.slice(0, 3).join('.')}.0/24` : address
}

function explanationOf(names: readonly string[]): string | null {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const [name, count] of counts) {
    if (count * 1000 >= names.length * EXPLAINED_PERMILLE) return name
  }
  return null
}

function expandedGroups(address: string): readonly string[] {
  const [head = '', tail = ''] = address.split('::', 2)
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const missing = Math.max(0, 8 - left.length - right.length)
  const zeros = address.includes('::') ? new Array<string>(missing).fill('0') : []
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16).toString(16))
}
