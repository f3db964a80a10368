/** Adds up the nodes of an instant of the ledger, by site and connection, with their processor cores. */
import { CONNECTIONS, type Connection, type NodeCount } from '../model/card-count.ts'

/** Where a site is and whose it is. */
export type SiteNames = Pick<NodeCount, 'siteCode' | 'ownerCode' | 'operatorCode' | 'regionCode'>

interface NodeTally {
  readonly siteCode: string
  readonly connection: Connection
  nodes: number
  nodesWithoutCores: number
  cores: number
  nodesWithHour: number
  cpuBusyMs: number
  cpuTotalMs: number
}

/** Core-milliseconds of a node in the hour asked about. */
export type CoreTime = Pick<NodeTally, 'cpuBusyMs' | 'cpuTotalMs'>

interface NodeOfSums {
  readonly siteCode: string
  readonly cores: number | null
  readonly coreTime: CoreTime | null
}

const NOTHING = {
  nodes: 0,
  nodesWithoutCores: 0,
  cores: 0,
  nodesWithHour: 0,
  cpuBusyMs: 0,
  cpuTotalMs: 0,
}

export class NodeSums {
  readonly #tallies = new Map<string, NodeTally>()

  /** `connection` is a place in `CONNECTIONS`. */
  add(node: NodeOfSums, connection: number): void {
    const tally = this.#tallyOf(node.siteCode, CONNECTIONS[connection] ?? 'lapsed')
    tally.nodes += 1
    if (node.cores === null) tally.nodesWithoutCores += 1
    else tally.cores += node.cores
    if (node.coreTime === null) return
    tally.nodesWithHour += 1
    tally.cpuBusyMs += node.coreTime.cpuBusyMs
    tally.cpuTotalMs += node.coreTime.cpuTotalMs
  }

  finish(placeOf: (siteCode: string) => SiteNames): readonly NodeCount[] {
    return [...this.#tallies.values()].map(({ siteCode, ...sums }) => ({
      ...placeOf(siteCode),
      ...sums,
    }))
  }

  #tallyOf(siteCode: string, connection: Connection): NodeTally {
    const key = `${connection}/${siteCode}`
    const tally = this.#tallies.get(key) ?? { siteCode, connection, ...NOTHING }
    this.#tallies.set(key, tally)
    return tally
  }
}
