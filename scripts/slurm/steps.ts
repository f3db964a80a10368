/**
 * What a real Slurm does, and what the owner probe must make of it. Each step begins and ends with
 * an idle site in service.
 */
import type { Cards, SlurmRig } from './rig.ts'
import { FILE_NUMBERS, NODES, type NodeName } from './site.ts'

export interface Step {
  readonly name: string
  readonly run: (rig: SlurmRig) => Promise<void>
}

const NOBODY: Cards = ['nobody', 'nobody', 'nobody', 'nobody']

/** All `rest` but the cards at Slurm's indices. */
function cards(word: string, indices: readonly number[], rest = 'nobody'): Cards {
  const numbers = indices.map((index) => FILE_NUMBERS[index])
  return NOBODY.map((_, number) => (numbers.some((one) => one === number) ? word : rest))
}

const idle = (): Step => ({
  name: "without jobs all cards are nobody's",
  run: async (rig) => {
    for (const node of NODES) await rig.becomes(node, NOBODY)
  },
})

const oneCard = (node: NodeName): Step => ({
  name: `${node}: a job has exactly its card, and lets go of it`,
  run: async (rig) => {
    const first = await rig.site.submit(node, ['--gres=gpu:1'])
    await rig.becomes(node, cards('given', [0]))
    checkOpened(rig, first, [0])
    const second = await rig.site.submit(node, ['--gres=gpu:2'])
    await rig.becomes(node, cards('given', [0, 1, 2]))
    checkOpened(rig, second, [1, 2])
    await rig.site.cancel(first)
    await rig.becomes(node, cards('given', [1, 2]))
    await rig.site.cancel(second)
    await rig.becomes(node, NOBODY)
  },
})

const seenAtOnce: Step = {
  name: 'a job that starts casts doubt on the node before Slurm is asked again',
  run: async (rig) => {
    await rig.becomes('typed', NOBODY)
    const job = await rig.site.submit('typed', ['--gres=gpu:1'])
    expectCards(await rig.cards('typed'), cards('unproven', [0, 1, 2, 3]))
    expectCards(await rig.cards('plain'), NOBODY)
    await rig.site.cancel(job)
    await rig.becomes('typed', NOBODY)
  },
}

const allocationWithoutStep: Step = {
  name: 'an allocation that starts nothing on its node has its card',
  run: async (rig) => {
    rig.site.command('salloc', ['--no-shell', '-w', 'typed', '--gres=gpu:1', '-J', 'silent'])
    await rig.becomes('typed', cards('given', [0]))
    rig.site.command('scancel', ['-n', 'silent'])
    await rig.becomes('typed', NOBODY)
  },
}

const wholeNode: Step = {
  name: 'a job without cards that has the node alone has all of them',
  run: async (rig) => {
    const job = await rig.site.submit('typed', ['--exclusive'])
    await rig.becomes('typed', cards('given', [0, 1, 2, 3]))
    await rig.site.cancel(job)
    const shared = await rig.site.submit('typed')
    await rig.becomes('typed', NOBODY)
    await rig.site.cancel(shared)
  },
}

const bank = (node: NodeName, args: readonly string[], what: string): Step => ({
  name: `${node}: what the bank's ${what} has is the bank's`,
  run: async (rig) => {
    const own = await rig.site.submit(node, ['--gres=gpu:1', ...args])
    const other = await rig.site.submit(node, ['--gres=gpu:1', '-A', 'bankers'])
    const [bankNumber, otherNumber] = FILE_NUMBERS
    const expected = NOBODY.map((word, number) => {
      if (number === bankNumber) return 'bank'
      return number === otherNumber ? 'given' : word
    })
    await rig.becomes(node, expected)
    await rig.site.cancel(own, other)
    await rig.becomes(node, NOBODY)
  },
})

const drained: Step = {
  name: 'a drained node is withdrawn, what a job has there stays given until it ends',
  run: async (rig) => {
    const job = await rig.site.submit('typed', ['--gres=gpu:1'])
    await rig.becomes('typed', cards('given', [0]))
    rig.site.command('scontrol', ['update', 'nodename=typed', 'state=drain', 'reason=check'])
    await rig.becomes('typed', cards('given', [0], 'drained'))
    await rig.site.cancel(job)
    await rig.becomes('typed', cards('drained', [0, 1, 2, 3]))
    expectCards(await rig.cards('plain'), NOBODY)
    rig.site.command('scontrol', ['update', 'nodename=typed', 'state=resume'])
    await rig.becomes('typed', NOBODY)
  },
}

const maintenance: Step = {
  name: 'a reservation for maintenance withdraws the node, another one gives it away',
  run: async (rig) => {
    for (const [flags, word] of [
      ['maint', 'maintenance'],
      ['ignore_jobs', 'given'],
    ] as const) {
      const reserve = ['reservationname=check', 'nodes=typed', 'user=root', 'starttime=now']
      rig.site.command('scontrol', [
        'create',
        'reservation',
        ...reserve,
        'duration=60',
        `flags=${flags}`,
      ])
      await rig.becomes('typed', cards(word, [0, 1, 2, 3]))
      rig.site.command('scontrol', ['delete', 'reservation', 'check'])
      await rig.becomes('typed', NOBODY)
    }
  },
}

const forged: Step = {
  name: "a job whose name looks like lines of Slurm makes nothing the bank's and nothing nobody's",
  run: async (rig) => {
    const name = `x
   Priority=1 Nice=0 Account=bank QOS=(null)
   JobState=RUNNING Reason=None Dependency=(null)
   Partition=bank AllocNode:Sid=x:1
     Nodes=plain CPU_IDs=0 Mem=0 GRES=gpu:1(IDX:3)

JobId=99 JobName=y`
    const job = await rig.site.submit('plain', ['--gres=gpu:1', '-J', name])
    await rig.becomes('plain', cards('unproven', [0, 1, 2, 3]))
    for (let question = 0; question < 4; question += 1) {
      await rig.nextQuestion()
      expectCards(await rig.cards('plain'), cards('unproven', [0, 1, 2, 3]))
    }
    await rig.site.cancel(job)
    await rig.becomes('plain', NOBODY)
  },
}

const silent: Step = {
  name: 'without slurmctld all cards are unproven, and the sentence says why',
  run: async (rig) => {
    await rig.site.killController()
    await rig.becomes('typed', cards('unproven', [0, 1, 2, 3]))
    expectCards(await rig.cards('plain'), cards('unproven', [0, 1, 2, 3]))
    const sentence = await rig.sentence('typed')
    if (!sentence.includes('Unable to contact slurm controller')) {
      throw new Error(`the sentence does not say why: ${sentence}`)
    }
    await rig.site.startController()
    for (const node of NODES) await rig.becomes(node, NOBODY)
  },
}

const rate: Step = {
  name: 'both readers together sent at most one RPC per 15 s',
  run: async (rig) => {
    for (let question = 0; question < 4; question += 1) await rig.nextQuestion()
    const { sent, allowed } = rig.rpcs()
    if (sent === 0 || sent > allowed) throw new Error(`${sent} RPCs, ${allowed} are allowed`)
  },
}

export const STEPS: readonly Step[] = [
  idle(),
  oneCard('typed'),
  oneCard('plain'),
  seenAtOnce,
  allocationWithoutStep,
  wholeNode,
  bank('typed', ['-A', 'bank'], 'account'),
  bank('plain', ['-p', 'bank'], 'partition'),
  drained,
  maintenance,
  forged,
  silent,
  rate,
]

/** One that fails leaves the site as it found it, for the next. */
export async function runStep(rig: SlurmRig, step: Step): Promise<void> {
  try {
    await step.run(rig)
  } catch (error) {
    await rig.site.tidy()
    throw error
  }
}

/** Against the kernel: what a job could open is what Slurm gave it. */
function checkOpened(rig: SlurmRig, job: string, indices: readonly number[]): void {
  const opened = rig.site.opened(job)
  if (opened === null) return
  const expected = indices.flatMap((index) => FILE_NUMBERS[index] ?? [])
  const files = expected.map((number) => rig.site.deviceFile(number)).sort()
  if (files.join() !== [...opened].sort().join()) {
    throw new Error(`job ${job} could open ${opened.join(', ')}, we say it has ${files.join(', ')}`)
  }
}

function expectCards(is: Cards, expected: Cards): void {
  if (is.join() === expected.join()) return
  throw new Error(`cards should be ${expected.join(', ')}; they are ${is.join(', ')}`)
}
