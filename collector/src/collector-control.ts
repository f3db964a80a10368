/** What the HTTP interface asks of the running parts, and has them do. */
import type { RecallRequest } from './bank/lease-recall.ts'
import type { Collector } from './collector.ts'
import type { NodeId } from './model/ids.ts'

/** `onRevoked`: told of nodes that may be connected to another process. */
export function controlOf(collector: () => Collector, onRevoked?: (nodeId: NodeId) => void) {
  return {
    depositsSuspended: () => collector().liveness.depositsSuspended(),
    clockAccusation: () => collector().liveness.clockAccusation(),
    recovery: () => collector().recovery,
    draws: () => collector().draws,
    bookings: () => collector().bookings,
    recall: async (request: RecallRequest) => {
      const result = await collector().leases.recall(request)
      await collector().draws.desk.written()
      return result
    },
    explainDeposits: (nodeId: NodeId) => collector().bank.explain(nodeId),
    nodeRevoked: (nodeId: NodeId) => {
      collector().nodeRevoked(nodeId)
      onRevoked?.(nodeId)
    },
    placementsDecided: (nodeIds: readonly NodeId[]) => collector().placementsDecided(nodeIds),
  }
}
