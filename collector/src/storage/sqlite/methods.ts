/** How each promise of the port is kept on SQLite: on which thread, in which kind of transaction. */
import type { Store } from '../store.ts'

export type StoreMethod = Exclude<keyof Store, 'close'>

/** The port without the asynchrony: what the core implements over one connection. */
export type SyncStore = {
  readonly [Method in StoreMethod]: (
    ...args: Parameters<Store[Method]>
  ) => Awaited<ReturnType<Store[Method]>>
}

/**
 * `write`: the writer's thread, one write transaction. `decide`: reads that ingest, the bank and
 * the sequencer wait for; on the writer's thread, where no long answer for a person delays them.
 * `read`: a reader's thread, one snapshot. `copy`: a reader's thread, outside any transaction.
 */
export type MethodKind = 'write' | 'decide' | 'read' | 'copy'

export const METHODS = {
  ledgerState: 'read',
  backup: 'copy',
  putSite: 'write',
  putDeclared: 'write',
  createToken: 'write',
  revokeToken: 'write',
  listTokens: 'read',
  findToken: 'decide',
  resolveConflict: 'write',
  revokeNode: 'write',
  enrollNode: 'write',
  findNodeByKey: 'decide',
  openSession: 'write',
  touchSessions: 'write',
  endSession: 'write',
  recordClone: 'write',
  loadNode: 'decide',
  commitIngest: 'write',
  readClaims: 'decide',
  commitFacts: 'write',
  readUnitHours: 'decide',
  beginSilences: 'write',
  readTimelineChanges: 'decide',
  readCursor: 'decide',
  readOpenDeposits: 'decide',
  readClosedWindows: 'decide',
  commitDeposits: 'write',
  readNodeSights: 'read',
  readWindowsFrom: 'read',
  readForecastState: 'read',
  writeForecastState: 'write',
  writeForecastHour: 'write',
  readForecastHour: 'read',
  readDepositClaims: 'decide',
  readKeptSites: 'decide',
  readCardStock: 'decide',
  readYoungestDeposits: 'decide',
  readLotPromises: 'read',
  writeLotPromises: 'write',
  findDraw: 'decide',
  findDrawOfLease: 'decide',
  readLiveDraws: 'decide',
  readDueDraws: 'decide',
  readGrantCards: 'decide',
  commitDraws: 'write',
  readLeaseRecords: 'decide',
  moveCursor: 'write',
  readOwnerClaims: 'read',
  listDraws: 'read',
  readBooked: 'decide',
  readBookedHours: 'read',
  auditDraws: 'read',
  isRecovering: 'decide',
  endRecovery: 'write',
  readUnsettledClaims: 'read',
  commitSettlements: 'write',
  readAccounts: 'read',
  readDrawMoves: 'read',
  readSiteRecords: 'read',
  listBookedClaims: 'read',
  keepStatement: 'write',
  readOutbox: 'decide',
  journalHead: 'decide',
  appendJournal: 'write',
  readJournal: 'read',
  treeState: 'read',
  readTreeNodes: 'read',
  extendTree: 'write',
  keepCosignature: 'write',
  sealedHours: 'read',
  rollupBacklog: 'read',
  readHour: 'read',
  writeBuckets: 'write',
  readLedgerAt: 'read',
  readDeclared: 'read',
  readBuckets: 'read',
  listSites: 'read',
  listNodes: 'read',
  findNode: 'read',
  listUnits: 'read',
  findUnits: 'read',
  readUnits: 'read',
  readUnitSpan: 'read',
  listDeposits: 'read',
  readFreeUnits: 'read',
  readOffers: 'read',
  readOfferChanges: 'read',
  listConflicts: 'read',
  findConflict: 'read',
  readQuality: 'read',
} as const satisfies Record<StoreMethod, MethodKind>

export function isStoreMethod(name: string): name is StoreMethod {
  return Object.hasOwn(METHODS, name)
}

/** Methods in the order of the table. */
export const STORE_METHODS: readonly StoreMethod[] = Object.keys(METHODS).filter(isStoreMethod)
