/**
 * The ledger of an instant as counts: how many cards of a site and a model were in which state. A
 * card is whole and counted once, under its own timeline, cut into slices or not. Counts of parts of the
 * nodes add up to those of the whole.
 */
import { assert, type State } from '@yiben/shared'
import type { DeviceProfile } from './inventory.ts'

/** An instant of the ledger, and what counts there as connected; lengths in ms. */
export interface LedgerInstant {
  readonly asOfMs: number
  readonly knownAtMs: number
  /** A card proven within this time before the instant is connected; */
  readonly connectedWithinMs: number
  /** one that was not for longer than this, or never, is lapsed. */
  readonly lapsedAfterMs: number
  /** Nodes that lag further behind the instant do not hold it back (`untoldFromMs`). */
  readonly settledLagMs: number
  /** Default: the whole. */
  readonly part?: NodesPart
}

/** The nodes whose number is `number` modulo `of`. */
export interface NodesPart {
  readonly number: number
  readonly of: number
}
export const WHOLE: NodesPart = { number: 0, of: 1 }

export const CONNECTIONS = ['connected', 'not_connected', 'lapsed'] as const
export type Connection = (typeof CONNECTIONS)[number]

/** Cards that are alike at an instant: whole, counted once, and how many they are. */
export interface CardCount {
  readonly siteCode: string
  readonly ownerCode: string
  readonly operatorCode: string
  readonly regionCode: string
  readonly profile: DeviceProfile
  readonly connection: Connection
  /** `null`: the instant is past the live edge and no silence has been declared yet. */
  readonly state: State | null
  /** Proven free, told as it happened, under a deposit and not lent. */
  readonly isDeposited: boolean
  /** Its node's agent reads from a scheduler who has been given the card. */
  readonly isSchedulerRead: boolean
  readonly cards: number
}

/** Nodes with counted cards that are alike at an instant, with the processor cores they have. */
export interface NodeCount {
  readonly siteCode: string
  readonly ownerCode: string
  readonly operatorCode: string
  readonly regionCode: string
  /** That of its best connected card. */
  readonly connection: Connection
  readonly nodes: number
  /** Nodes of which nobody has told how many cores they have. */
  readonly nodesWithoutCores: number
  readonly cores: number
  /** Of `CardCounts.coreHourMs`: nodes that have told it, and their core-milliseconds. */
  readonly nodesWithHour: number
  readonly cpuBusyMs: number
  readonly cpuTotalMs: number
}

export interface CardCounts {
  readonly counts: readonly CardCount[]
  readonly nodes: readonly NodeCount[]
  /** The last full hour of which every live node has told by the instant. */
  readonly coreHourMs: number
  /** The earliest live edge of a card of which the instant has not been told yet. */
  readonly untoldFromMs: number | null
}

/** Parts of one instant as the whole; in the order in which kinds of cards are first met. */
export function wholeOf(parts: readonly CardCounts[]): CardCounts {
  const [first] = parts
  assert(first !== undefined, 'a whole has a part')
  const edges = parts.map(({ untoldFromMs }) => untoldFromMs).filter((edge) => edge !== null)
  return {
    counts: joined(
      parts.flatMap(({ counts }) => counts),
      (one, other) => ({ ...one, cards: one.cards + other.cards }),
    ),
    nodes: joined(
      parts.flatMap(({ nodes }) => nodes),
      (one, other) => ({
        ...one,
        nodes: one.nodes + other.nodes,
        nodesWithoutCores: one.nodesWithoutCores + other.nodesWithoutCores,
        cores: one.cores + other.cores,
        nodesWithHour: one.nodesWithHour + other.nodesWithHour,
        cpuBusyMs: one.cpuBusyMs + other.cpuBusyMs,
        cpuTotalMs: one.cpuTotalMs + other.cpuTotalMs,
      }),
    ),
    coreHourMs: first.coreHourMs,
    untoldFromMs: edges.length === 0 ? null : Math.min(...edges),
  }
}

/** What is of one place and one kind, however many there are of it. */
function joined<Count extends CardCount | NodeCount>(
  counts: readonly Count[],
  add: (one: Count, other: Count) => Count,
): readonly Count[] {
  const kinds = new Map<string, Count>()
  for (const count of counts) {
    const key = kindOf(count)
    const known = kinds.get(key)
    kinds.set(key, known === undefined ? count : add(known, count))
  }
  return [...kinds.values()]
}

function kindOf(count: CardCount | NodeCount): string {
  const { siteCode, ownerCode, operatorCode, regionCode, connection } = count
  const place = [siteCode, ownerCode, operatorCode, regionCode, connection]
  if (!('profile' in count)) return JSON.stringify(place)
  const { vendor, name, memoryTotalMib, powerCapWatts } = count.profile
  const marks = [count.state, count.isDeposited, count.isSchedulerRead]
  return JSON.stringify([...place, vendor, name, memoryTotalMib, powerCapWatts, ...marks])
}
