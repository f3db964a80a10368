/**
 * The owner probes of a small Slurm site, as the agents of its nodes have them: made by the agent's
 * own registry, run with its own tool runner. Both nodes are readers, so one asks for both.
 */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createRealWorld, silentLogger } from '@yiben/shared'
import { createToolRunner, type StoppableToolRunner } from '../../agent/src/exec.ts'
import type { OwnerProbe, Possession } from '../../agent/src/owners/owner.ts'
import { createOwner } from '../../agent/src/owners/registry.ts'
import { FILE_NUMBERS, NODES, type NodeName, type SlurmSite } from './site.ts'
import { SkipClock } from './skip-clock.ts'

/** What `/dev/nvidia0` … are, in that order. */
export type Cards = readonly string[]

const QUESTION_EVERY_MS = 30_000
/** Past the interval and the jitter. */
const SKIP_MS = 34_000
/** The answer to a question, also where slurmctld is gone (scontrol tries for 9 s). */
const ANSWER_MS_MAX = 30_000
/** A slurmd registers, a reservation begins, a node completes within a few of them. */
const QUESTIONS_MAX = 12
/** In real time, so that a job is older than the next question by more than clocks may differ. */
const BETWEEN_QUESTIONS_MS = 400
const RPC_EVERY_MS = 15_000
/** One question, at the begin of the span. */
const RPCS_AT_ONCE = 2

export class SlurmRig implements AsyncDisposable {
  readonly site: SlurmSite
  readonly #clock: SkipClock
  readonly #tools: StoppableToolRunner
  readonly #owners: ReadonlyMap<NodeName, OwnerProbe>
  readonly #file: string
  readonly #start: { readonly rpcs: number; readonly atMs: number }

  constructor(site: SlurmSite) {
    const { clock, random } = createRealWorld()
    this.site = site
    this.#clock = new SkipClock(clock)
    this.#tools = createToolRunner({ clock, toolPath: [] })
    this.#file = join(site.folder, 'site')
    this.#start = { rpcs: site.rpcCount(), atMs: this.#clock.monotonicMs() }
    this.#owners = new Map(
      NODES.map((nodeName) => [
        nodeName,
        createOwner(
          {
            kind: 'slurm',
            file: this.#file,
            readers: NODES,
            intervalMs: QUESTION_EVERY_MS,
            ageMsMax: 120_000,
            nodeName,
            confDir: site.confDir,
            deviceFiles: [],
            bankAccount: 'bank',
            bankPartition: 'bank',
            bankReservation: null,
          },
          null,
          {
            clock: this.#clock,
            random,
            log: silentLogger,
            run: (call) => this.#tools.run(call),
            rootPrefix: '',
          },
        ),
      ]),
    )
  }

  /** What the node's agent is told now, without any new question. */
  async cards(node: NodeName): Promise<Cards> {
    return (await this.#possession(node)).map(wordOf)
  }

  /** The first sentence that says why a card is unproven. */
  async sentence(node: NodeName): Promise<string> {
    const unproven = (await this.#possession(node)).find((one) => one.status === 'unproven')
    return unproven?.sentence ?? ''
  }

  /** Lets the site be asked until a node's cards are these; throws where they never become so. */
  async becomes(node: NodeName, expected: Cards): Promise<void> {
    for (let question = 0; question < QUESTIONS_MAX; question += 1) {
      await this.nextQuestion()
      if ((await this.cards(node)).join() === expected.join()) return
      await delay(BETWEEN_QUESTIONS_MS)
    }
    const [is, why] = [(await this.cards(node)).join(', '), await this.sentence(node)]
    throw new Error(`${node} should be ${expected.join(', ')}; it is ${is}. ${why}`)
  }

  async nextQuestion(): Promise<void> {
    const before = this.#changedAtMs()
    this.#clock.skip(SKIP_MS)
    await this.site.until(
      'a reader has asked',
      () => this.#changedAtMs() !== before && !existsSync(`${this.#file}.asking`),
      ANSWER_MS_MAX,
    )
  }

  /** RPCs of both readers together since the begin, and how many the time allows. */
  rpcs(): { readonly sent: number; readonly allowed: number } {
    const elapsedMs = this.#clock.monotonicMs() - this.#start.atMs
    return {
      sent: this.site.rpcCount() - this.#start.rpcs,
      allowed: RPCS_AT_ONCE + Math.floor(elapsedMs / RPC_EVERY_MS),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#owners.values()].map((owner) => owner.stop()))
    this.#tools.stop()
  }

  async #possession(node: NodeName): Promise<readonly Possession[]> {
    // Past the span for which one look at the file serves.
    this.#clock.skip(1_000)
    const units = [...FILE_NUMBERS].sort().map((number) => ({
      key: `card-${number}`,
      parentKey: null,
      vendor: 'nvidia' as const,
      pciAddress: null,
      deviceFile: this.site.deviceFile(number),
      ids: [],
    }))
    const answer = await this.#owners.get(node)?.possession({ atMs: this.#clock.wallMs(), units })
    return units.flatMap(({ key }) => answer?.get(key) ?? [])
  }

  #changedAtMs(): number {
    return existsSync(this.#file) ? statSync(this.#file).mtimeMs : 0
  }
}

function wordOf(possession: Possession): string {
  switch (possession.status) {
    case 'given':
      return possession.toBank ? 'bank' : 'given'
    case 'withdrawn':
      return possession.cause
    default:
      return possession.status
  }
}
