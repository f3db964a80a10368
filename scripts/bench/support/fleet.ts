/**
 * A fleet of real links from several processes, because one may have no more than 20,000 files open:
 * enrolled in the ledger beforehand, then connected, ticking, counted.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { linkUrlOf, type PublicIdentity, parseEnrollmentToken, secretHash } from '@yiben/shared'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { openPostgresStore } from '../../../collector/src/storage/postgres/store.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import { askProcess } from './asked-process.ts'
import { CollectorProgram } from './collector-program.ts'
import { type FleetPlace, fleetKeys } from './fleet-node.ts'
import { MADE_UP_LEDGER } from './made-up-ledger.ts'
import { until } from './program.ts'

export interface FleetPlan {
  readonly place: FleetPlace
  readonly first: number
  readonly count: number
  /** Minutes before now that each node has not told yet. */
  readonly backlogMinutes: number
}

export type FleetCommand =
  | { readonly kind: 'make'; readonly plan: FleetPlan }
  | { readonly kind: 'connect' }
  | { readonly kind: 'tick' }
  | { readonly kind: 'count' }

export interface FleetCount {
  readonly nodes: number
  readonly online: number
  /** Nodes of which everything is acknowledged. */
  readonly settled: number
  readonly unacknowledged: number
  readonly welcomes: number
  readonly refused: number
  /** How long records waited that were acknowledged since the count before, ms. */
  readonly waits: readonly number[]
}

export class Fleet implements Disposable {
  readonly #processes: readonly ChildProcess[]

  private constructor(processes: readonly ChildProcess[]) {
    this.#processes = processes
  }

  /** Nodes [first, first + count) in so many processes; not connected yet. */
  static async make(plan: FleetPlan & { readonly processes: number }): Promise<Fleet> {
    const { processes, first, count, place, backlogMinutes } = plan
    const each = Math.ceil(count / processes)
    const children = Array.from({ length: processes }, () =>
      fork(join(import.meta.dirname, 'fleet-process.ts'), { serialization: 'advanced' }),
    )
    const fleet = new Fleet(children)
    await Promise.all(
      children.map((child, at) =>
        askProcess<FleetCommand, FleetCount>(child, {
          kind: 'make',
          plan: {
            place,
            backlogMinutes,
            first: first + at * each,
            count: Math.min(each, count - at * each),
          },
        }),
      ),
    )
    return fleet
  }

  async connect(): Promise<void> {
    await this.#tell({ kind: 'connect' })
  }

  /** From now on each node tells its minute when it is over. */
  async tick(): Promise<void> {
    await this.#tell({ kind: 'tick' })
  }

  async count(): Promise<FleetCount> {
    const counts = await this.#tell({ kind: 'count' })
    const sum = (figure: Exclude<keyof FleetCount, 'waits'>) =>
      counts.reduce((total, one) => total + one[figure], 0)
    return {
      nodes: sum('nodes'),
      online: sum('online'),
      settled: sum('settled'),
      unacknowledged: sum('unacknowledged'),
      welcomes: sum('welcomes'),
      refused: sum('refused'),
      waits: counts.flatMap(({ waits }) => waits),
    }
  }

  /** Waits until the count is as asked; says how long that took, ms. */
  async when(
    what: string,
    withinMs: number,
    isSo: (count: FleetCount) => boolean,
  ): Promise<number> {
    const startMs = performance.now()
    await until(what, withinMs, async () => (isSo(await this.count()) ? true : null))
    return performance.now() - startMs
  }

  [Symbol.dispose](): void {
    for (const child of this.#processes) child.disconnect()
  }

  #tell(command: FleetCommand): Promise<readonly FleetCount[]> {
    return Promise.all(
      this.#processes.map((child) => askProcess<FleetCommand, FleetCount>(child, command)),
    )
  }
}

/**
 * Admits the nodes [0, count) in the ledger itself, while no collector serves it: 19,000 handshakes
 * with a token are another thing to measure.
 */
async function enrollFleet(
  dataDir: string,
  tokenText: string,
  count: number,
  postgresUrl: string | null,
): Promise<PublicIdentity> {
  const token = parseEnrollmentToken(tokenText)
  const newLedger = MADE_UP_LEDGER
  const path = join(dataDir, 'ledger.sqlite')
  const store =
    postgresUrl === null
      ? openSqliteStoreInProcess({ path, newLedger, synchronous: 'OFF' })
      : await openPostgresStore({ url: postgresUrl, newLedger })
  try {
    for (let number = 0; number < count; number += 1) {
      const { algorithm, publicKey } = fleetKeys(number)
      const result = await store.enrollNode({
        tokenId: token.id,
        secretHash: Buffer.from(secretHash(token.secret)).toString('hex'),
        remoteAddress: '127.0.0.1',
        nodeId: `n-${number.toString(16).padStart(16, '0')}` as NodeId,
        nodeName: `bench-${number}`,
        algorithm,
        publicKey,
        fingerprint: '',
        joinState: 0,
        nowMs: Date.now(),
      })
      if (result.status !== 'enrolled') throw new Error(`a node is ${result.status}`)
    }
  } finally {
    await store.close()
  }
  return { algorithm: token.algorithm, publicKey: token.collectorKey }
}

/** A collector on this folder that knows the nodes [0, count), stopped again. */
export async function collectorThatKnows(options: {
  readonly folder: string
  readonly config: readonly string[]
  readonly count: number
  /** Where its ledger is; default: in the folder. */
  readonly postgresUrl?: string | null
}): Promise<PublicIdentity> {
  const { count, postgresUrl = null } = options
  await using collector = await CollectorProgram.start({ ...options, env: storageEnv(postgresUrl) })
  const token = await collector.enrollmentToken(count)
  await collector.program.stop()
  return enrollFleet(collector.dataDir, token, count, postgresUrl)
}

/** What tells a collector where its ledger is. */
export function storageEnv(postgresUrl: string | null): Readonly<Record<string, string>> {
  return postgresUrl === null ? {} : { YIBEN_COLLECTOR_STORAGE_URL: postgresUrl }
}

/** Handshakes of a fleet behind one address are all of one address. */
export const FLEET_CONFIG = ['limits: { handshakes_per_address: 100000 }'] as const

/** Where the nodes of a fleet find a collector that serves, and what they trust where it speaks TLS. */
export function fleetPlace(
  collector: CollectorProgram,
  identity: PublicIdentity,
  ca: string | null = null,
): FleetPlace {
  return { url: linkUrlOf(collector.url), ca, collector: identity }
}
