/**
 * What `scontrol show node` and `scontrol show job` print, read line by line. Pure. Only what
 * possession needs is taken; names of users, jobs and commands are not even kept.
 *
 * A job's name, account and comment are its user's words and may hold line breaks (seen with
 * 22.05.8), so a user can write lines into the answer that look like Slurm's own. Hence: nothing in
 * the answer about jobs makes a card nobody's unless the count the scheduler itself gives for the
 * node agrees; a card that two lines claim, and a job that tells a thing twice, have no holder.
 */
import { parseUsedGres } from './slurm-gres.ts'
import { expandHostlist } from './slurm-hostlist.ts'

/** Whose a job is; `unclear`: the answer contradicts itself. */
export type Holder = 'bank' | 'other' | 'unclear'

export interface NodeAnswer {
  readonly node: string
  readonly state: string
  readonly isOneUsers: boolean
  readonly reservation: string | null
  /** As printed. */
  readonly gres: string
  readonly used: string
}

/** What jobs have on one node. */
export interface NodeJobs {
  /** Whose all jobs on the node are. */
  readonly holder: Holder
  /** By name and index, whose it is; `null` for a name: some job's indices are not told. */
  readonly claims: Readonly<Record<string, Readonly<Record<string, Holder>> | null>>
}

export interface BankNames {
  readonly account: string | null
  readonly partition: string | null
}

/** In the order printed; `null`: not the output of that command. */
export function parseNodes(text: string): readonly NodeAnswer[] | null {
  const nodes = blocksOf(text, 'NodeName=').flatMap((block) => {
    const field = (pattern: RegExp) => pattern.exec(block)?.[1] ?? null
    const node = field(/^NodeName=(\S+)/)
    const state = field(/^ {3}State=(\S+)/m)
    if (node === null || state === null) return []
    const owner = field(/^ {3}State=.* Owner=(\S+)/m)
    return {
      node,
      state,
      isOneUsers: owner !== null && owner !== 'N/A',
      reservation: field(/^ {3}ReservationName=(\S+)/m),
      gres: field(/^ {3}Gres=(\S+)/m) ?? '',
      used: field(/^ {3}GresUsed=(\S+)/m) ?? '',
    }
  })
  return nodes.length === 0 ? null : nodes
}

/** By node; `null`: not the output of that command, or beyond all measure. */
export function parseJobs(text: string, bank: BankNames): ReadonlyMap<string, NodeJobs> | null {
  if (/^No jobs in the system/m.test(text)) return new Map()
  const blocks = blocksOf(text, 'JobId=')
  if (blocks.length === 0) return null
  const ledger = new ClaimLedger()
  let claims = 0
  for (const block of blocks) {
    const holder = holderOf(block, bank)
    for (const [, nodes = '', gres = ''] of block.matchAll(ALLOCATION)) {
      // Not Slurm's own line then: what is missing shows in the node's own count.
      const names = expandHostlist(nodes) ?? []
      claims += names.length
      if (claims > CLAIMS_MAX) return null
      for (const node of names) ledger.add(node, holder, gres)
    }
  }
  return ledger.byNode()
}

/** One line per set of nodes on which the job has the same. */
const ALLOCATION = /^ {5}Nodes=(\S+) CPU_IDs=\S* Mem=\S* GRES=(\S*)$/gm

/** Ten jobs on each of 20,000 nodes; more is not a site but a text made to cost time. */
const CLAIMS_MAX = 200_000

/** States in which a job has what it was given; ended ones are listed for minutes more. */
const HOLDING_STATES: ReadonlySet<string> = new Set([
  'RUNNING',
  'CONFIGURING',
  'COMPLETING',
  'SUSPENDED',
  'STOPPED',
  'RESIZING',
  'SIGNALING',
  'STAGE_OUT',
])

/** `null`: the job has ended or has not begun. */
function holderOf(block: string, bank: BankNames): Holder | null {
  const states = fieldsOf(block, /^ {3}JobState=(\S+) /gm)
  const accounts = fieldsOf(block, /^ {3}Priority=\d+ Nice=-?\d+ Account=(\S+) QOS=\S+$/gm)
  const partitions = fieldsOf(block, /^ {3}Partition=(\S+) AllocNode:Sid=/gm)
  if (states.length === 1 && !HOLDING_STATES.has(states[0] ?? '')) return null
  if (states.length !== 1 || accounts.length > 1 || partitions.length !== 1) return 'unclear'
  const isBank =
    (bank.account !== null && accounts[0] === bank.account) ||
    (bank.partition !== null && partitions[0] === bank.partition)
  return isBank ? 'bank' : 'other'
}

function fieldsOf(block: string, pattern: RegExp): string[] {
  return [...block.matchAll(pattern)].map((match) => match[1] ?? '')
}

/** Adds up what the lines claim, node by node. */
class ClaimLedger {
  readonly #holders = new Map<string, Set<Holder>>()
  readonly #claims = new Map<string, Map<string, Map<number, Holder> | null>>()

  /** A job without holder has nothing any more, whatever its line still says. */
  add(node: string, holder: Holder | null, gres: string): void {
    const used = parseUsedGres(gres)
    if (holder === null && used.size === 0) return
    const whose = holder ?? 'unclear'
    this.#holders.set(node, (this.#holders.get(node) ?? new Set()).add(whose))
    const claims = this.#claims.get(node) ?? new Map<string, Map<number, Holder> | null>()
    this.#claims.set(node, claims)
    for (const [name, { indices }] of used) {
      const before = claims.get(name)
      if (indices === null || before === null) {
        claims.set(name, null)
        continue
      }
      const ofName = before ?? new Map<number, Holder>()
      for (const index of indices) ofName.set(index, ofName.has(index) ? 'unclear' : whose)
      claims.set(name, ofName)
    }
  }

  byNode(): ReadonlyMap<string, NodeJobs> {
    return new Map(
      [...this.#holders].map(([node, holders]) => {
        const [first = 'unclear'] = holders
        const claims = [...(this.#claims.get(node) ?? [])].map(
          ([name, ofName]) => [name, ofName === null ? null : Object.fromEntries(ofName)] as const,
        )
        return [
          node,
          { holder: holders.size === 1 ? first : 'unclear', claims: Object.fromEntries(claims) },
        ]
      }),
    )
  }
}

/** Parts of the text that begin with the key at the begin of a line. */
function blocksOf(text: string, key: string): string[] {
  return text.split(new RegExp(`^(?=${key})`, 'm')).filter((block) => block.startsWith(key))
}
