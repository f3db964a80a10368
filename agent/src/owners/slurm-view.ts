/**
 * What one node knows of Slurm's answers: its own line of the site's file, how old that is, the
 * device files behind its indices, and whether a job has begun here since.
 */
import { join } from 'node:path'
import type { OwnerContext } from './owner.ts'
import { type ConfLine, readConf } from './slurm-conf.ts'
import {
  type DeviceOrder,
  deviceOrder,
  gresConfOf,
  type OrderQuestion,
  sharedDeviceOrder,
  statedOrder,
} from './slurm-devices.ts'
import { isSharedGres, parseConfiguredGres, parseUsedGres } from './slurm-gres.ts'
import { LocalJobs, spoolFolderOf } from './slurm-local-jobs.ts'
import type { SlurmFacts } from './slurm-possession.ts'
import {
  type Asked,
  type NodeRecord,
  type OwnView,
  type Sight,
  SiteFile,
} from './slurm-site-file.ts'

export interface SlurmViewOptions {
  /** The site's file, by the same path on each of its nodes. */
  readonly file: string
  /** An older answer proves nothing. */
  readonly ageMsMax: number
  /** What Slurm calls this node. */
  readonly nodeName: string
  /** Folder of slurm.conf and gres.conf; `null`: the usual ones. */
  readonly confDir: string | null
  /** Device files in the order of Slurm's indices, where gres.conf does not name them. */
  readonly deviceFiles: readonly string[]
  readonly bankAccount: string | null
  readonly bankPartition: string | null
  readonly bankReservation: string | null
}

/** What was found out of this node, or why nothing holds. */
export type Look =
  | { readonly status: 'ok'; readonly facts: SlurmFacts }
  | { readonly status: 'silent'; readonly sentence: string }

/** Clocks of two nodes differ by less where time is kept at all. */
const CLOCK_MS_MAX = 5_000
/** Between a job's first file and the clock of the node that asked. */
const START_MARGIN_MS = 2_000
/** Of the distributions, of slurmd without files of its own, of SchedMD's build, of old Debian. */
const CONF_DIRS = ['/etc/slurm', '/run/slurm/conf', '/usr/local/etc', '/etc/slurm-llnl'] as const

export class SlurmView {
  readonly #options: SlurmViewOptions
  readonly #context: OwnerContext
  readonly #file: SiteFile
  readonly #localJobs: LocalJobs

  constructor(options: SlurmViewOptions, context: OwnerContext) {
    this.#options = options
    this.#context = context
    this.#file = new SiteFile(options.file, context.clock)
    this.#localJobs = new LocalJobs({ nodeName: options.nodeName, rootPrefix: context.rootPrefix })
  }

  async look(): Promise<Look> {
    const { file, nodeName } = this.#options
    const seen = await this.#file.ownView(nodeName)
    if (seen.status === 'failed') return silent(seen.sentence)
    if (seen.status === 'missing') {
      return silent(`${file} is not there yet: is the agent of one of owner.slurm.readers running?`)
    }
    const { header, record } = seen.sight.told
    const problem = this.#problemOf(header.nodes, seen.sight)
    if (problem !== null) return silent(problem)
    if (record === null) {
      return silent(`Slurm knows no node "${nodeName}": set owner.slurm.node_name to its NodeName.`)
    }
    return { status: 'ok', facts: await this.#factsOf(seen.sight, record) }
  }

  async #factsOf(sight: Sight<OwnView>, record: NodeRecord): Promise<SlurmFacts> {
    const { bankAccount, bankPartition, bankReservation } = this.#options
    const { nodes, jobs, knowsBank } = sight.told.header
    const needsBank = bankAccount !== null || bankPartition !== null
    const jobsProblem =
      this.#problemOf(jobs, sight) ??
      (needsBank && !knowsBank
        ? "The reader of this site does not know the bank's account or partition: give it the same owner.slurm options."
        : null)
    const nodesAtMs = nodes.answeredAtMs ?? 0
    const jobsAtMs = jobs.answeredAtMs ?? 0
    const isByJobs = [...parseUsedGres(record.used).values()].some((used) => used.indices === null)
    const conf = await this.#slurmConf()
    return {
      record,
      areJobsNewer: jobsAtMs > nodesAtMs,
      jobsProblem,
      knowsBank: needsBank,
      bankReservation,
      hasNewJob: await this.#hasJobSince(
        conf,
        isByJobs ? Math.min(nodesAtMs, jobsAtMs) : nodesAtMs,
      ),
      orders: await this.#orders(conf, record),
    }
  }

  /** Why an answer does not hold now; `null`: it does. */
  #problemOf(asked: Asked, { seenSinceMs }: Sight<unknown>): string | null {
    const { clock } = this.#context
    const { ageMsMax } = this.#options
    if (asked.failure !== null) return `Slurm did not answer this site's reader: ${asked.failure}`
    if (asked.answeredAtMs === null) return 'Slurm has not been asked about this yet; it is next.'
    const wallAgeMs = clock.wallMs() - asked.answeredAtMs
    if (wallAgeMs < -CLOCK_MS_MAX) {
      return `The clocks of this node and of the site's reader differ by ${Math.round(-wallAgeMs / 1000)} s: keep time on both.`
    }
    const ageMs = Math.max(wallAgeMs, clock.monotonicMs() - seenSinceMs)
    if (ageMs <= ageMsMax) return null
    return `Slurm was last asked for this site ${Math.round(ageMs / 1000)} s ago: is the agent of one of owner.slurm.readers running?`
  }

  async #hasJobSince({ lines }: SlurmConf, askedAtMs: number): Promise<boolean> {
    const spool = spoolFolderOf(lines, this.#options.nodeName)
    const startMs = await this.#localJobs.youngestStartMs(spool)
    return startMs !== null && startMs > askedAtMs - START_MARGIN_MS
  }

  async #orders(
    { folder }: SlurmConf,
    record: NodeRecord,
  ): Promise<ReadonlyMap<string, DeviceOrder>> {
    const { deviceFiles, nodeName } = this.#options
    const configured = parseConfiguredGres(record.gres)
    const names = [...new Set(configured.map(({ name }) => name))]
    if (deviceFiles.length > 0) {
      return new Map(names.map((name) => [name, statedOrder({ name, configured }, deviceFiles)]))
    }
    const path = join(folder, 'gres.conf')
    const conf = await readConf(path, this.#context.rootPrefix)
    if (conf.status === 'unreadable') {
      return allUnknown(
        names,
        `${conf.path} cannot be read (${conf.reason}): set owner.slurm.conf_dir, or owner.slurm.device_files.`,
      )
    }
    const gresConf = gresConfOf(conf.lines, nodeName)
    if (gresConf === null) return allUnknown(names, `A list of names in ${path} cannot be read.`)
    return new Map(names.map((name) => [name, orderOf({ name, configured, conf: gresConf })]))
  }

  /** gres.conf lies beside it; the first of the usual folders that has one. */
  async #slurmConf(): Promise<SlurmConf> {
    const { confDir } = this.#options
    const folders = confDir === null ? CONF_DIRS : [confDir]
    for (const folder of folders) {
      const conf = await readConf(join(folder, 'slurm.conf'), this.#context.rootPrefix)
      if (conf.status === 'ok') return { folder, lines: conf.lines }
    }
    return { folder: folders[0] ?? CONF_DIRS[0], lines: [] }
  }
}

interface SlurmConf {
  readonly folder: string
  readonly lines: readonly ConfLine[]
}

function orderOf(question: OrderQuestion): DeviceOrder {
  return isSharedGres(question.name) ? sharedDeviceOrder(question) : deviceOrder(question)
}

function allUnknown(names: readonly string[], sentence: string): Map<string, DeviceOrder> {
  return new Map(names.map((name) => [name, { status: 'unknown', sentence } as const]))
}

function silent(sentence: string): Look {
  return { status: 'silent', sentence }
}
