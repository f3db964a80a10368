/**
 * `slurm`: slurmctld says which cards jobs have. It is asked by one node for its whole site, never
 * by each node for itself (`slurm-site-reader.ts`); every node, the asking one too, reads the answer
 * from a file on a disk they share (`slurm-view.ts`). What a node sees of its own jobs only casts
 * doubt on an answer that is older than they are.
 *
 * Configured and silent, it proves nothing: an answer that failed, is missing or too old leaves
 * every card unproven, with a sentence that says where to look.
 */
import { errorSentence } from '@yiben/shared'
import { DeadlineError, withDeadline } from './deadline.ts'
import type { OwnerContext, OwnerProbe, OwnerQuery, Possession } from './owner.ts'
import { Polled } from './polled.ts'
import { sameForAll } from './same-for-all.ts'
import { possessionsBySlurm } from './slurm-possession.ts'
import { SiteReader } from './slurm-site-reader.ts'
import { type Look, SlurmView, type SlurmViewOptions } from './slurm-view.ts'

export interface SlurmOwnerOptions extends SlurmViewOptions {
  /** Names of the nodes that may ask slurmctld; one asks at a time. */
  readonly readers: readonly string[]
  readonly intervalMs: number
}

export interface SlurmOwner extends OwnerProbe {
  readonly kind: 'slurm'
  /** This node is one of those that may ask slurmctld. */
  readonly isReader: boolean
  /** Times slurmctld was asked by this node. */
  readonly questions: number
  /** What stands in the way, for people; empty when nothing does. */
  readonly problems: readonly string[]
}

/** Of the 2 s an owner may take. */
const READ_MS_MAX = 1_500
/** Vendors ask one after the other in a round, and share one look. */
const LOOK_EVERY_MS = 1_000

export function createSlurmOwner(options: SlurmOwnerOptions, context: OwnerContext): SlurmOwner {
  const log = context.log.child({ component: 'slurm-owner' })
  const { nodeName, readers, bankAccount, bankPartition } = options
  const reader = readers.includes(nodeName)
    ? new SiteReader(
        { ...options, bank: { account: bankAccount, partition: bankPartition } },
        { ...context, log },
      )
    : null
  const view = new SlurmView(options, context)
  const looks = new Polled({
    clock: context.clock,
    periodMs: LOOK_EVERY_MS,
    read: () => view.look(),
  })
  let problem: string | null = null

  /** Told when it begins, and its end once. */
  function tell(now: string | null): void {
    if (now !== null && now !== problem) log.warn({ problem: now }, 'possession cannot be told')
    if (now === null && problem !== null) log.info({}, 'possession can be told again')
    problem = now
  }

  reader?.start()
  return {
    kind: 'slurm',
    isReader: reader !== null,
    get questions() {
      return reader?.questions ?? 0
    },
    get problems() {
      return [problem, reader?.problem ?? null].filter((one) => one !== null)
    },
    async possession(query) {
      const look = await lookInTime(context, options.file, () =>
        query.isFresh === true ? looks.getFresh() : looks.get(),
      )
      tell(look.status === 'silent' ? look.sentence : null)
      return possessionsOf(query, look)
    },
    stop: async () => reader?.stop(),
  }
}

function possessionsOf(query: OwnerQuery, look: Look): Map<string, Possession> {
  if (look.status === 'ok') return possessionsBySlurm(query.units, look.facts)
  return sameForAll(query, { status: 'unproven', sentence: look.sentence })
}

/** A file system that hangs holds the look, and nobody else. */
async function lookInTime(
  { clock }: OwnerContext,
  file: string,
  look: () => Promise<Look>,
): Promise<Look> {
  try {
    return await withDeadline(clock, READ_MS_MAX, look)
  } catch (error) {
    const reason =
      error instanceof DeadlineError ? `not within ${READ_MS_MAX} ms` : errorSentence(error)
    return { status: 'silent', sentence: `${file} could not be read: ${reason}.` }
  }
}
