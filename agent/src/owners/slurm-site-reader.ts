/**
 * The one who asks slurmctld for a whole site, and writes the answer into the site's file. Several
 * nodes may be readers: they are equals, and whoever finds the file old enough asks.
 *
 * Promises: over all readers of one file, a question is asked no sooner than `intervalMs` after the
 * one before, whether or not that one was answered. A file that is not ours is never overwritten.
 * What fails is written into the file too, so that the whole site can say why possession is unproven.
 */
import { type Clock, errorSentence, type Logger, type Random, type Timer } from '@yiben/shared'
import { withDeadline } from './deadline.ts'
import type { OwnerContext } from './owner.ts'
import { type BankNames, type NodeJobs, parseJobs, parseNodes } from './slurm-answers.ts'
import { SiteClaim } from './slurm-claim.ts'
import { isSharedGres, parseUsedGres } from './slurm-gres.ts'
import { Scontrol } from './slurm-scontrol.ts'
import {
  NEVER_ASKED,
  type NodeRecord,
  type Sight,
  type Site,
  SiteFile,
  writeSite,
} from './slurm-site-file.ts'

/**
 * `scontrol show node` and `scontrol show job -d` send two RPCs each (nodes and partitions, jobs and
 * nodes; counted in the log of slurmctld 22.05.8), and a site may be asked one RPC per 15 s.
 */
const QUESTION_EVERY_MS_MIN = 30_000
/** Spreads sites that were started together, and readers of one site. */
const JITTER_MS_MAX = 3_000
/** Until the one who is asking now has written its answer. */
const CLAIM_LOOK_MS = 10_000
/** A claim in progress is let go of before the process ends, unless the disk hangs. */
const STOP_MS_MAX = 1_000

export interface SiteReaderOptions {
  readonly file: string
  readonly nodeName: string
  readonly intervalMs: number
  /** Folder of slurm.conf; `null`: where scontrol was built to look. */
  readonly confDir: string | null
  readonly bank: BankNames
}

const EMPTY_SITE: Site = {
  header: { knowsBank: false, nodes: NEVER_ASKED, jobs: NEVER_ASKED },
  nodes: [],
}
const NO_JOBS: NodeJobs = { holder: 'other', claims: {} }

export class SiteReader {
  readonly #options: SiteReaderOptions
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Logger
  readonly #intervalMs: number
  readonly #scontrol: Scontrol
  readonly #file: SiteFile
  readonly #claim: SiteClaim
  readonly #stop = new AbortController()
  #timer: Timer | null = null
  #turn: Promise<void> | null = null
  /** Monotonic; `null`: not in this life. */
  #askedAtMs: number | null = null
  #problem: string | null = null
  #questions = 0

  constructor(options: SiteReaderOptions, context: Omit<OwnerContext, 'rootPrefix'>) {
    this.#options = options
    this.#clock = context.clock
    this.#random = context.random
    this.#log = context.log
    this.#intervalMs = Math.max(options.intervalMs, QUESTION_EVERY_MS_MIN)
    this.#scontrol = new Scontrol(options.confDir, context, this.#stop.signal)
    this.#file = new SiteFile(options.file, context.clock)
    this.#claim = new SiteClaim(`${options.file}.asking`, context)
  }

  /** What keeps this reader from its work; `null`: nothing. */
  get problem(): string | null {
    return this.#problem
  }

  get questions(): number {
    return this.#questions
  }

  start(): void {
    this.#schedule(0)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#timer?.cancel()
    const turn = this.#turn
    if (turn === null) return
    // A turn that hangs in the file system is left behind: nothing of it can be waited for.
    await withDeadline(this.#clock, STOP_MS_MAX, () => turn).catch(() => {})
  }

  #schedule(delayMs: number): void {
    if (this.#stop.signal.aborted) return
    const jitterMs = Math.round(this.#random.fraction() * JITTER_MS_MAX)
    this.#timer = this.#clock.after(delayMs + jitterMs, () => {
      this.#turn = this.#take().finally(() => {
        this.#turn = null
      })
    })
  }

  async #take(): Promise<void> {
    let waitMs = this.#intervalMs
    try {
      waitMs = await this.#askIfDue()
      this.#tell(null)
    } catch (error) {
      this.#tell(`This node cannot read Slurm for its site: ${errorSentence(error)}`)
    }
    this.#schedule(waitMs)
  }

  /** Milliseconds until the next look. */
  async #askIfDue(): Promise<number> {
    const restMs = this.#restMs(await this.#sight())
    if (restMs > 0) return restMs
    const claim = await this.#claim.take()
    if (claim === null) return CLAIM_LOOK_MS
    try {
      // Another reader may have asked between our look and our claim.
      const sight = await this.#sight()
      const leftMs = this.#restMs(sight)
      if (leftMs > 0) return leftMs
      const site = await this.#ask(sight?.told ?? EMPTY_SITE)
      await writeSite(this.#file.path, site, claim)
      // From now on its age is known by our own clock.
      await this.#sight()
      return this.#intervalMs
    } finally {
      await this.#claim.release(claim)
    }
  }

  /** `null`: there is no file yet. Throws for one that is not a site's. */
  async #sight(): Promise<Sight<Site> | null> {
    const result = await this.#file.site()
    if (result.status === 'failed') throw new Error(result.sentence)
    return result.status === 'ok' ? result.sight : null
  }

  /** How long the last question, whoever asked it, still forbids the next. */
  #restMs(sight: Sight<Site> | null): number {
    const intervalMs = this.#intervalMs
    const nowMs = this.#clock.monotonicMs()
    const ownRestMs = this.#askedAtMs === null ? 0 : this.#askedAtMs + intervalMs - nowMs
    if (sight === null) return ownRestMs
    let ageMs = nowMs - sight.seenSinceMs
    if (sight.isOld) {
      // Found at the start: only wall clocks tell its age, and one in the future is taken as now.
      const { nodes, jobs } = sight.told.header
      const attemptedAtMs = Math.max(nodes.attemptedAtMs ?? 0, jobs.attemptedAtMs ?? 0)
      ageMs = Math.max(ageMs, this.#clock.wallMs() - attemptedAtMs)
    }
    return Math.max(ownRestMs, intervalMs - ageMs)
  }

  async #ask(site: Site): Promise<Site> {
    this.#askedAtMs = this.#clock.monotonicMs()
    this.#questions += 1
    const knowsBank = this.#knowsBank()
    const header = { ...site.header, knowsBank }
    const { nodes, jobs } = header
    const isJobsTurn =
      (knowsBank || site.nodes.some(needsJobs)) &&
      (jobs.attemptedAtMs ?? 0) < (nodes.attemptedAtMs ?? 0)
    return isJobsTurn ? this.#askJobs({ ...site, header }) : this.#askNodes({ ...site, header })
  }

  async #askNodes(site: Site): Promise<Site> {
    const { header } = site
    const { asked, answer } = await this.#scontrol.show('node', header.nodes, parseNodes)
    if (answer === null) return { ...site, header: { ...header, nodes: asked } }
    const before = new Map(site.nodes.map(({ node, jobs }) => [node, jobs]))
    return {
      header: { ...header, nodes: asked },
      nodes: answer.map((node) => ({ ...node, jobs: before.get(node.node) ?? null })),
    }
  }

  async #askJobs(site: Site): Promise<Site> {
    const { header } = site
    const parse = (text: string) => parseJobs(text, this.#options.bank)
    const { asked, answer } = await this.#scontrol.show('job', header.jobs, parse)
    return {
      header: { ...header, jobs: asked },
      nodes:
        answer === null
          ? site.nodes
          : site.nodes.map((record) => ({ ...record, jobs: answer.get(record.node) ?? NO_JOBS })),
    }
  }

  #knowsBank(): boolean {
    return this.#options.bank.account !== null || this.#options.bank.partition !== null
  }

  #tell(problem: string | null): void {
    if (problem === this.#problem) return
    this.#problem = problem
    if (problem === null) this.#log.info({}, 'Slurm can be read for the site again')
    else this.#log.warn({ problem }, 'Slurm cannot be read for the site')
  }
}

/** Something is in use there and the node alone does not tell which: resources without a type. */
function needsJobs({ used }: NodeRecord): boolean {
  return [...parseUsedGres(used)].some(
    ([name, { indices }]) => indices === null && !isSharedGres(name),
  )
}
