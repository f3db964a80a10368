/** Leases as the administrator's own tooling sees them: cards by what he knows them by. Pure. */
import type { IndexedUnit } from '../sampling/facts.ts'
import { isRunning, type LeaseBook, runningLeases } from './lease-book.ts'

export interface DeviceOnNode {
  readonly index: number
  /** `null` where no tool tells it. */
  readonly pciAddress: string | null
  readonly name: string
}

/** Cards of one lease that end together. UTC ms. */
export interface LeaseOnNode {
  readonly leaseId: string
  /** Whose jobs may run there, as the bank names it. */
  readonly account: string
  /** Unit indexes. */
  readonly units: readonly number[]
  readonly devices: readonly DeviceOnNode[]
  readonly startMs: number
  readonly endMs: number
}

/** What is lent now or has been promised, as far as it has not ended. */
export function leasesOnNode(book: LeaseBook, units: readonly IndexedUnit[]): LeaseOnNode[] {
  return runningLeases(book).flatMap((lease) => {
    const byEnd = Map.groupBy(lease.units.filter(isRunning), ({ untilMs }) => untilMs)
    return [...byEnd].map(([endMs, lent]): LeaseOnNode => {
      const ids = new Set(lent.map(({ unitId }) => unitId))
      const devices = units.filter(({ id }) => ids.has(id)).map(deviceOf)
      const { leaseId, account, startMs } = lease
      const indexes = devices.map(({ index }) => index)
      return { leaseId, account, units: indexes, devices, startMs, endMs }
    })
  })
}

function deviceOf({ index, unit }: IndexedUnit): DeviceOnNode {
  return { index, pciAddress: unit.pciAddress, name: unit.name }
}
