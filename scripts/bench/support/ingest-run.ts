/**
 * One run of ingest: nodes of eight cards send a backlog at once, over the real link, to a real
 * collector on embedded SQLite or on PostgreSQL, each record on disk before it is acknowledged. The load comes from
 * other processes of the same machine; what they send was made before.
 */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CARDS } from './activity.ts'
import type { BenchDatabase } from './bench-database.ts'
import { CollectorProgram } from './collector-program.ts'
import { slowFsync } from './disk.ts'
import { collectorThatKnows, FLEET_CONFIG, Fleet, fleetPlace, storageEnv } from './fleet.ts'
import { cpuTimeOf, residentMibOf } from './process-cost.ts'

const CATCH_UP_MS_MAX = 3_600_000

export interface IngestRun {
  readonly records: number
  readonly tookS: number
  readonly recordsPerS: number
  readonly cardMinutesPerS: number
  /** What does not depend on who else uses the machine. */
  readonly collectorCpuUsPerRecord: number
  /** With every node connected, right after its backlog. */
  readonly collectorResidentMib: number
  readonly ledgerBytesPerCardHour: number
}

export async function ingestRun(options: {
  readonly folder: string
  readonly nodes: number
  readonly minutes: number
  /** Added to each fsync of the collector. */
  readonly fsyncDelayMs: number
  /** `null`: a file of its own. */
  readonly database?: BenchDatabase | null
}): Promise<IngestRun> {
  const { nodes, minutes, fsyncDelayMs, database = null } = options
  const postgresUrl = database?.url ?? null
  const folder = join(options.folder, `ingest-${fsyncDelayMs}`)
  mkdirSync(folder)
  const settings = { folder, config: FLEET_CONFIG }
  const identity = await collectorThatKnows({ ...settings, count: nodes, postgresUrl })
  const env = { ...slowFsync(folder, fsyncDelayMs), ...storageEnv(postgresUrl) }
  await using collector = await CollectorProgram.start({ ...settings, env })
  const { pid } = collector.program
  const records = nodes * minutes
  const measured = await catchUp()
  // Closed in order the ledger is one file, without a log beside it.
  await collector.program.stop()
  const ledgerBytes = (await database?.bytes()) ?? sizeOf(collector.dataDir)
  return {
    records,
    ...measured,
    recordsPerS: records / measured.tookS,
    cardMinutesPerS: (records * CARDS) / measured.tookS,
    ledgerBytesPerCardHour: (ledgerBytes * 60) / (records * CARDS),
  }

  function sizeOf(dataDir: string): number {
    return statSync(join(dataDir, 'ledger.sqlite')).size
  }

  async function catchUp() {
    const place = fleetPlace(collector, identity)
    const plan = { place, first: 0, count: nodes, backlogMinutes: minutes }
    using fleet = await Fleet.make({ ...plan, processes: 1 })
    const before = cpuTimeOf(pid)
    await fleet.connect()
    const tookMs = await fleet.when('the backlog to be told', CATCH_UP_MS_MAX, (count) => {
      return count.settled === nodes
    })
    const { refused } = await fleet.count()
    if (refused > 0) throw new Error(`${refused} records are refused`)
    return {
      tookS: tookMs / 1_000,
      collectorCpuUsPerRecord: ((cpuTimeOf(pid).ownMs - before.ownMs) * 1_000) / records,
      collectorResidentMib: residentMibOf(pid),
    }
  }
}
