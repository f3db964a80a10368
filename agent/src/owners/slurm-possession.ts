/**
 * From what Slurm says of a node to who has each of its cards. Pure.
 *
 * Promises: a card is nobody's only where the scheduler's own count for the node leaves no doubt
 * about it; what a job has stays given on a node that is drained; a card whose index is not known is
 * unproven unless the state of the node alone decides. What users write can make possession
 * unproven, and can never make a card nobody's.
 */
import type { OwnedUnit, Possession } from './owner.ts'
import type { Holder, NodeJobs } from './slurm-answers.ts'
import type { DeviceOrder } from './slurm-devices.ts'
import { isSharedGres, parseUsedGres, type UsedGres } from './slurm-gres.ts'
import { type NodeStanding, nodeStanding } from './slurm-node-state.ts'
import type { NodeRecord } from './slurm-site-file.ts'

export interface SlurmFacts {
  readonly record: NodeRecord
  /** The jobs were told after the node was. */
  readonly areJobsNewer: boolean
  /** Why what is told of jobs does not hold now; `null`: it does. */
  readonly jobsProblem: string | null
  /** Some account, partition is the bank's: then it must be told whose a job is. */
  readonly knowsBank: boolean
  readonly bankReservation: string | null
  /** A job has started here since Slurm was asked. */
  readonly hasNewJob: boolean
  /** Device files by index, for each resource of the node. */
  readonly orders: ReadonlyMap<string, DeviceOrder>
}

export function possessionsBySlurm(
  units: readonly OwnedUnit[],
  facts: SlurmFacts,
): Map<string, Possession> {
  const judge = new NodeJudge(facts)
  const answers = new Map(units.map((unit) => [unit.key, judge.ofUnit(unit)]))
  const ofParent = ({ parentKey }: OwnedUnit) =>
    (parentKey === null ? null : answers.get(parentKey)) ??
    unproven('Slurm does not name this slice, and the card it is cut from was not listed.')
  // A card that is given away gives its slices.
  return new Map(units.map((unit) => [unit.key, answers.get(unit.key) ?? ofParent(unit)]))
}

type Use =
  | { readonly status: 'unused' }
  | { readonly status: 'used'; readonly holder: Holder }
  | { readonly status: 'unclear'; readonly sentence: string }

interface Place {
  readonly name: string
  readonly index: number
}

class NodeJudge {
  readonly #facts: SlurmFacts
  readonly #standing: NodeStanding
  readonly #used: ReadonlyMap<string, UsedGres>
  readonly #jobs: NodeJobs | null

  constructor(facts: SlurmFacts) {
    const { record, bankReservation, jobsProblem } = facts
    this.#facts = facts
    this.#standing = nodeStanding({ ...record, bankReservation })
    this.#used = parseUsedGres(record.used)
    this.#jobs = jobsProblem === null ? record.jobs : null
  }

  /** `undefined`: a slice of which Slurm does not speak; its card decides. */
  ofUnit(unit: OwnedUnit): Possession | undefined {
    const places = this.#placesOf(unit)
    if (places.length > 0) return this.#ofPlaces(places)
    if (unit.parentKey !== null) return undefined
    const { standing, isWhole } = this.#standing
    if (isWhole) return this.#given(this.#nodeHolder())
    if (standing.kind === 'withdrawn') return { status: 'withdrawn', cause: standing.cause }
    return unproven(this.#unnamed(unit))
  }

  #ofPlaces(places: readonly Place[]): Possession {
    const uses = places.map((place) => this.#useOf(place))
    const holders = uses.flatMap((use) => (use.status === 'used' ? [use.holder] : []))
    if (holders.length > 0) return this.#given(together(holders))
    if (this.#standing.isWhole) return this.#given(this.#nodeHolder())
    const unclear = uses.find((use) => use.status === 'unclear')
    return unclear === undefined ? this.#unused() : unproven(unclear.sentence)
  }

  /** No job has it; what the node is in decides the rest. */
  #unused(): Possession {
    const { standing } = this.#standing
    switch (standing.kind) {
      case 'withdrawn':
        return { status: 'withdrawn', cause: standing.cause }
      case 'unclear':
        return unproven(standing.sentence)
      case 'reserved':
        return { status: 'given', by: 'scheduler', toBank: false }
      case 'in_service':
        return this.#facts.hasNewJob ? unproven(NEW_JOB) : { status: 'nobody' }
      default:
        return standing satisfies never
    }
  }

  #useOf({ name, index }: Place): Use {
    const { areJobsNewer } = this.#facts
    const used = this.#used.get(name)
    const claims = this.#jobs?.claims[name]
    const claim = claims?.[index] ?? null
    if (used?.count === undefined || used.count === null) {
      return unclear(`Slurm does not tell how many of "${name}" are in use on this node.`)
    }
    if (used.indices !== null) {
      if (used.indices.includes(index)) return { status: 'used', holder: claim ?? 'unclear' }
      return claim !== null && areJobsNewer ? { status: 'used', holder: claim } : UNUSED
    }
    if (isSharedGres(name)) return unclear(`This Slurm does not tell on which card a "${name}" is.`)
    if (this.#jobs === null) {
      return unclear(
        this.#facts.jobsProblem ??
          `Slurm tells how many of "${name}" are in use here and not which: its jobs are asked next.`,
      )
    }
    // Whatever users write into their jobs, the scheduler's own count has to agree.
    const claimed = claims === undefined ? 0 : claims === null ? null : Object.keys(claims).length
    if (claimed !== used.count) return unclear(DISAGREEMENT)
    return claim === null ? UNUSED : { status: 'used', holder: claim }
  }

  #given(holder: Holder): Possession {
    if (!this.#facts.knowsBank) return { status: 'given', by: 'scheduler', toBank: false }
    if (holder !== 'unclear') return { status: 'given', by: 'scheduler', toBank: holder === 'bank' }
    return unproven(this.#facts.jobsProblem ?? HOLDER_UNKNOWN)
  }

  #nodeHolder(): Holder {
    return this.#jobs?.holder ?? 'unclear'
  }

  /** Under which names and indices Slurm gives the unit away. */
  #placesOf({ deviceFile }: OwnedUnit): Place[] {
    if (deviceFile === null) return []
    return [...this.#facts.orders].flatMap(([name, order]) =>
      order.status !== 'ok'
        ? []
        : order.devices.flatMap((files, index) =>
            files.includes(deviceFile) ? [{ name, index }] : [],
          ),
    )
  }

  #unnamed({ deviceFile }: OwnedUnit): string {
    const { orders } = this.#facts
    const all = [...orders.values()]
    const unknown = [orders.get('gpu'), ...all].find((order) => order?.status === 'unknown') ?? null
    if (all.length === 0) return NO_GRES
    if (deviceFile === null) return NO_DEVICE_FILE
    const isDecisive = unknown === orders.get('gpu') || all.every(({ status }) => status !== 'ok')
    if (unknown?.status === 'unknown' && isDecisive) return unknown.sentence
    return `gres.conf on this node does not name ${deviceFile}: add it, or nobody can say who has the card.`
  }
}

const UNUSED: Use = { status: 'unused' }
const NO_GRES =
  'Slurm counts no cards (Gres) on this node, so it cannot say who has them: add them to slurm.conf and gres.conf.'
const NO_DEVICE_FILE =
  "The driver does not tell this card's device file, the name by which Slurm gives cards away."
const NEW_JOB =
  'A job has started on this node since Slurm was last asked; its next answer tells which cards it has.'
const DISAGREEMENT =
  'What Slurm says of the node and of its jobs does not agree: a job has begun or ended meanwhile.'
const HOLDER_UNKNOWN =
  "Slurm has given the card away; whether to the bank's own jobs its next answer tells."

function together(holders: readonly Holder[]): Holder {
  const [first = 'unclear'] = holders
  return holders.every((holder) => holder === first) ? first : 'unclear'
}

function unproven(sentence: string): Possession {
  return { status: 'unproven', sentence }
}

function unclear(sentence: string): Use {
  return { status: 'unclear', sentence }
}
