import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseJobs, parseNodes } from '../../../agent/src/owners/slurm-answers.ts'
import { fixture } from '../../support/captures.ts'

const capture = (name: string) => fixture(`slurm/22.05.8__${name}.txt`)
const BANK = { account: 'bank', partition: 'bank' }
const NO_BANK = { account: null, partition: null }
const NOTHING = { isOneUsers: false, reservation: null }
const TYPED = { node: 'typed', gres: 'gpu:a100:4', ...NOTHING }
const PLAIN = { node: 'plain', gres: 'gpu:4', ...NOTHING }

describe('scontrol show node', () => {
  test.each([
    [
      'idle',
      [
        { ...PLAIN, state: 'IDLE', used: 'gpu:0' },
        { ...TYPED, state: 'IDLE', used: 'gpu:a100:0(IDX:N/A)' },
      ],
    ],
    [
      'some-in-use',
      [
        { ...PLAIN, state: 'MIXED', used: 'gpu:3' },
        { ...TYPED, state: 'MIXED', used: 'gpu:a100:2(IDX:0,3)' },
      ],
    ],
    [
      'whole',
      [
        { ...PLAIN, state: 'MIXED', used: 'gpu:0', isOneUsers: true },
        { ...TYPED, state: 'ALLOCATED', used: 'gpu:a100:4(IDX:0-3)' },
      ],
    ],
    [
      // The reason of the one ends in "State=IDLE".
      'draining',
      [
        { ...PLAIN, state: 'IDLE+DRAIN', used: 'gpu:0' },
        { ...TYPED, state: 'MIXED+DRAIN', used: 'gpu:a100:1(IDX:0)' },
      ],
    ],
    [
      'reserved',
      [
        { ...PLAIN, state: 'IDLE+RESERVED', used: 'gpu:0' },
        { ...TYPED, state: 'IDLE+MAINTENANCE+RESERVED', used: 'gpu:a100:0(IDX:N/A)' },
      ],
    ],
  ])('%s', (name, expected) => {
    expect(parseNodes(capture(`node__${name}`))).toEqual(expected)
  })

  test('the reservation is read where it is printed (23.02 and later)', () => {
    const text =
      'NodeName=n1 Arch=x86_64\n   Gres=gpu:1\n   State=IDLE+RESERVED ThreadsPerCore=1\n   ReservationName=lot\n'
    expect(parseNodes(text)).toMatchObject([{ node: 'n1', reservation: 'lot', used: '' }])
  })

  test('what is no answer of it is none', () => {
    for (const text of ['', 'Node n9 not found\n', capture('job__some-in-use')]) {
      expect(parseNodes(text)).toBeNull()
    }
  })
})

describe('scontrol show job', () => {
  test('who has which card, of running jobs alone', () => {
    const jobs = parseJobs(capture('job__some-in-use'), BANK)
    expect(Object.fromEntries(jobs ?? [])).toEqual({
      typed: { holder: 'unclear', claims: { gpu: { 0: 'bank', 3: 'other' } } },
      plain: { holder: 'unclear', claims: { gpu: { 0: 'bank', 1: 'bank', 2: 'other' } } },
    })
  })

  test('without a bank everything is others’', () => {
    const jobs = parseJobs(capture('job__some-in-use'), NO_BANK)
    expect(jobs?.get('typed')).toEqual({
      holder: 'other',
      claims: { gpu: { 0: 'other', 3: 'other' } },
    })
  })

  test('a job without cards is on its node all the same', () => {
    const jobs = parseJobs(capture('job__whole'), BANK)
    expect(jobs?.get('plain')).toEqual({ holder: 'other', claims: {} })
  })

  test('no jobs is an answer, another text is none', () => {
    expect(parseJobs(capture('job__none'), BANK)?.size).toBe(0)
    expect(parseJobs('slurm_load_jobs error\n', BANK)).toBeNull()
    expect(parseJobs('', BANK)).toBeNull()
  })

  test('lines that a user wrote into a name claim, and are the bank’s in no case', () => {
    const jobs = parseJobs(capture('job__forged'), BANK)
    // Really: index 0, nobody of the bank. The forged lines claim index 3 for the bank.
    expect(jobs?.get('plain')).toEqual({
      holder: 'unclear',
      claims: { gpu: { 0: 'other', 3: 'bank' } },
    })
  })

  const job = (lines: string) => `JobId=1 JobName=x
   Priority=1 Nice=0 Account=bank QOS=(null)
   JobState=RUNNING Reason=None Dependency=(null)
   Partition=batch AllocNode:Sid=a:1
${lines}`

  test.each<[string, string, string, string]>([
    ['a second account', '   Priority=1 Nice=0 Account=other QOS=(null)\n', 'bank', 'unclear'],
    ['a second state', '   JobState=COMPLETED Reason=None Dependency=(null)\n', 'bank', 'unclear'],
    ['a second partition', '   Partition=bank AllocNode:Sid=b:1\n', 'bank', 'unclear'],
    ['nothing twice', '', 'bank', 'bank'],
    ['an account that only begins so', '', 'ban', 'other'],
  ])('%s: the holder', (_name, lines, account, holder) => {
    const text = job(`${lines}     Nodes=n[1-2] CPU_IDs=0-7 Mem=0 GRES=gpu:2(IDX:0-1)\n`)
    const jobs = parseJobs(text, { account, partition: null })
    for (const node of ['n1', 'n2']) {
      expect(jobs?.get(node)).toEqual({ holder, claims: { gpu: { 0: holder, 1: holder } } })
    }
  })

  test('two lines that claim one card leave it without holder', () => {
    const line = '     Nodes=n1 CPU_IDs=0 Mem=0 GRES=gpu:1(IDX:0)\n'
    expect(parseJobs(job(line + line), BANK)?.get('n1')?.claims).toEqual({ gpu: { 0: 'unclear' } })
  })

  test('indices that one job does not tell are told for nobody', () => {
    const text = job(
      '     Nodes=n1 CPU_IDs=0 Mem=0 GRES=gpu:1(IDX:0)\n     Nodes=n1 CPU_IDs=0 Mem=0 GRES=gpu:2\n',
    )
    expect(parseJobs(text, BANK)?.get('n1')?.claims).toEqual({ gpu: null })
  })

  test('a text made to cost time is refused', () => {
    const line = '     Nodes=n[1-65000] CPU_IDs=0 Mem=0 GRES=gpu:1(IDX:0)\n'
    expect(parseJobs(job(line.repeat(10)), BANK)).toBeNull()
  })

  test('a list of nodes that is none adds nothing', () => {
    const text = job('     Nodes=n[1- CPU_IDs=0 Mem=0 GRES=gpu:1(IDX:0)\n')
    expect(parseJobs(text, BANK)?.size).toBe(0)
  })
})

describe('every capture', () => {
  const names = readdirSync(join(import.meta.dirname, '../../captures/slurm'))

  test.each(names)(
    '%s is read, and cut off anywhere tells nothing that does not stand in it',
    (name) => {
      const text = fixture(`slurm/${name}`)
      expect(parseNodes(text) ?? parseJobs(text, BANK)).not.toBeNull()
      for (let length = 0; length < text.length; length += 37) {
        const part = text.slice(0, length)
        for (const { node, state, used } of parseNodes(part) ?? []) {
          for (const word of [node, state, used]) expect(part).toContain(word)
        }
        for (const node of parseJobs(part, BANK)?.keys() ?? []) expect(part).toContain(node)
      }
    },
  )
})
