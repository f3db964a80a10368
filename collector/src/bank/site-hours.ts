/**
 * Which sites lend at an instant of the future: what the forecast asks of the owners' policies. Holds
 * the newest policy of each node, as it was told here. One entry per node.
 */
import type { DepositPolicy } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import { isOpenAt, OwnerCalendars, type OwnerHours } from './owner-hours.ts'

interface NodeHours {
  readonly siteCode: string
  readonly hours: OwnerHours
}

export class SiteHours {
  readonly #calendars = new OwnerCalendars()
  readonly #nodes = new Map<NodeId, NodeHours>()
  /** Nodes of the site that lend, by their hours: sites have few calendars and many nodes. */
  readonly #sites = new Map<string, Map<OwnerHours, number>>()

  /** `policy` is the node's now, whatever it was before. */
  note(nodeId: NodeId, siteCode: string, policy: DepositPolicy | null): void {
    const before = this.#nodes.get(nodeId)
    if (before !== undefined) this.#count(before, -1)
    this.#nodes.delete(nodeId)
    if (policy === null || !policy.enabled) return
    const now = { siteCode, hours: this.#calendars.of(policy.calendar) }
    this.#nodes.set(nodeId, now)
    this.#count(now, 1)
  }

  /** Whether any node of the site lends then; one whose nodes have told no consent does not. */
  isOpen(siteCode: string, atMs: number): boolean {
    const hours = this.#sites.get(siteCode)
    return hours !== undefined && [...hours.keys()].some((one) => isOpenAt(one, atMs))
  }

  #count({ hours, siteCode }: NodeHours, change: 1 | -1): void {
    const ofSite = this.#sites.get(siteCode) ?? new Map<OwnerHours, number>()
    const count = (ofSite.get(hours) ?? 0) + change
    if (count > 0) ofSite.set(hours, count)
    else ofSite.delete(hours)
    this.#sites.set(siteCode, ofSite)
  }
}
