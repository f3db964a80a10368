import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OwnedUnit, Possession } from '../../../agent/src/owners/owner.ts'
import type { Holder, NodeJobs } from '../../../agent/src/owners/slurm-answers.ts'
import type { DeviceOrder } from '../../../agent/src/owners/slurm-devices.ts'
import { possessionsBySlurm, type SlurmFacts } from '../../../agent/src/owners/slurm-possession.ts'
import type { NodeRecord } from '../../../agent/src/owners/slurm-site-file.ts'

/** Cards 0..3; `null` for a device file nobody tells. */
function card(number: number | null, more: Partial<OwnedUnit> = {}): OwnedUnit {
  const deviceFile = number === null ? null : `/dev/nvidia${number}`
  return {
    key: `card-${number}`,
    parentKey: null,
    vendor: 'nvidia',
    pciAddress: null,
    deviceFile,
    ids: [],
    ...more,
  }
}
const CARDS = [0, 1, 2, 3].map((number) => card(number))

function orderOf(...numbers: readonly number[]): DeviceOrder {
  return { status: 'ok', devices: numbers.map((number) => [`/dev/nvidia${number}`]) }
}

const RECORD: NodeRecord = {
  node: 'n1',
  state: 'MIXED',
  isOneUsers: false,
  reservation: null,
  gres: 'gpu:4',
  used: 'gpu:0(IDX:N/A)',
  jobs: null,
}
const FACTS: SlurmFacts = {
  record: RECORD,
  areJobsNewer: false,
  jobsProblem: null,
  knowsBank: false,
  bankReservation: null,
  hasNewJob: false,
  orders: new Map([['gpu', orderOf(0, 1, 2, 3)]]),
}

type Change = Partial<NodeRecord> & { readonly facts?: Partial<SlurmFacts> }

function factsOf({ facts, ...record }: Change): SlurmFacts {
  return { ...FACTS, record: { ...RECORD, ...record }, ...facts }
}

function wordOf(possession: Possession | undefined): string {
  if (possession?.status === 'given') return possession.toBank ? 'bank' : 'given'
  if (possession?.status === 'withdrawn') return possession.cause
  return possession?.status ?? 'left out'
}

function words(change: Change, units: readonly OwnedUnit[] = CARDS): string {
  const answer = possessionsBySlurm(units, factsOf(change))
  return units.map(({ key }) => wordOf(answer.get(key))).join(' ')
}

function jobs(holder: Holder, claims: Readonly<Record<number, Holder>>): NodeJobs {
  return { holder, claims: { gpu: claims } }
}

const ALL_NOBODY = 'nobody nobody nobody nobody'
const ALL_GIVEN = 'given given given given'
const ALL_UNPROVEN = 'unproven unproven unproven unproven'

describe('cards by index', () => {
  test.each<[string, Change, string]>([
    ['none in use', {}, ALL_NOBODY],
    ['some in use', { used: 'gpu:2(IDX:1,3)' }, 'nobody given nobody given'],
    [
      'by the order of gres.conf, not by number',
      { used: 'gpu:1(IDX:0)', facts: { orders: new Map([['gpu', orderOf(2, 3, 0, 1)]]) } },
      'nobody nobody given nobody',
    ],
    ['all in use', { used: 'gpu:4(IDX:0-3)' }, ALL_GIVEN],
    ['an index list cut off by Slurm', { used: 'gpu:3(IDX:0)' }, ALL_UNPROVEN],
    ['a count nobody can read', { used: 'gpu:?' }, ALL_UNPROVEN],
    ['nothing told of what is in use', { used: '' }, ALL_UNPROVEN],
  ])('%s', (_name, change, expected) => {
    expect(words(change)).toBe(expected)
  })

  test('jobs that are newer than the node add to what is in use', () => {
    const started = { jobs: jobs('other', { 2: 'other' }) }
    expect(words({ ...started, facts: { areJobsNewer: true } })).toBe('nobody nobody given nobody')
    expect(words(started)).toBe(ALL_NOBODY)
  })
})

describe('cards that Slurm only counts', () => {
  const counted = { used: 'gpu:2' }
  test.each<[string, Change, string]>([
    ['none in use needs no jobs', { used: 'gpu:0' }, ALL_NOBODY],
    ['some in use, jobs not told', counted, ALL_UNPROVEN],
    [
      'as many claimed as are counted',
      { ...counted, jobs: jobs('other', { 0: 'other', 2: 'other' }) },
      'given nobody given nobody',
    ],
    ['fewer claimed', { ...counted, jobs: jobs('other', { 0: 'other' }) }, ALL_UNPROVEN],
    [
      'more claimed, as by lines a user wrote',
      { ...counted, jobs: jobs('other', { 0: 'other', 1: 'other', 3: 'bank' }) },
      ALL_UNPROVEN,
    ],
    [
      'a claim without indices',
      { ...counted, jobs: { holder: 'other', claims: { gpu: null } } },
      ALL_UNPROVEN,
    ],
    ['jobs without cards', { ...counted, jobs: { holder: 'other', claims: {} } }, ALL_UNPROVEN],
    [
      'jobs told too long ago',
      {
        ...counted,
        jobs: jobs('other', { 0: 'other', 2: 'other' }),
        facts: { jobsProblem: 'It is too old.' },
      },
      ALL_UNPROVEN,
    ],
  ])('%s', (_name, change, expected) => {
    expect(words(change)).toBe(expected)
  })

  test('the sentence says that jobs are asked next, or why they are not told', () => {
    const sentenceOf = (change: Change) => possessionsBySlurm(CARDS, factsOf(change)).get('card-0')
    expect(sentenceOf(counted)).toMatchObject({ sentence: expect.stringContaining('asked next') })
    expect(sentenceOf({ ...counted, facts: { jobsProblem: 'It failed.' } })).toMatchObject({
      sentence: 'It failed.',
    })
  })
})

describe('the state of the node', () => {
  test.each<[string, Change, string]>([
    ['drained', { state: 'IDLE+DRAIN' }, 'drained drained drained drained'],
    ['draining', { state: 'MIXED+DRAIN', used: 'gpu:1(IDX:0)' }, 'given drained drained drained'],
    [
      'maintenance',
      { state: 'IDLE+MAINTENANCE' },
      'maintenance maintenance maintenance maintenance',
    ],
    ['down', { state: 'DOWN*' }, 'drained drained drained drained'],
    ['reserved', { state: 'MIXED+RESERVED', used: 'gpu:1(IDX:0)' }, ALL_GIVEN],
    ['completing', { state: 'IDLE+COMPLETING' }, ALL_UNPROVEN],
    [
      'completing with a job',
      { state: 'MIXED+COMPLETING', used: 'gpu:1(IDX:1)' },
      'unproven given unproven unproven',
    ],
    ['every CPU taken', { state: 'ALLOCATED', used: 'gpu:0(IDX:N/A)' }, ALL_GIVEN],
    ['one user alone', { isOneUsers: true }, ALL_GIVEN],
    ['every CPU taken and draining', { state: 'ALLOCATED+DRAIN' }, ALL_GIVEN],
    ['planned for later', { state: 'IDLE+PLANNED' }, ALL_NOBODY],
  ])('%s', (_name, change, expected) => {
    expect(words(change)).toBe(expected)
  })

  test('alone decides where no index is known', () => {
    const orders = new Map([['gpu', { status: 'unknown', sentence: 'Who knows.' } as const]])
    const states = ['IDLE', 'IDLE+DRAIN', 'ALLOCATED', 'MIXED']
    const seen = states.map((state) => words({ state, facts: { orders } }, [card(0)]))
    expect(seen).toEqual(['unproven', 'drained', 'given', 'unproven'])
  })
})

describe('a job that began after Slurm was asked', () => {
  test('casts doubt on what was nobody’s, and on nothing else', () => {
    const newJob = { facts: { hasNewJob: true } }
    expect(words({ ...newJob, used: 'gpu:1(IDX:0)' })).toBe('given unproven unproven unproven')
    expect(words({ ...newJob, state: 'IDLE+DRAIN' })).toBe('drained drained drained drained')
  })
})

describe('the bank’s own', () => {
  const facts = { knowsBank: true }
  test.each<[string, Change, string]>([
    [
      'account or partition has the card',
      { used: 'gpu:2(IDX:0-1)', jobs: jobs('unclear', { 0: 'bank', 1: 'other' }), facts },
      'bank given nobody nobody',
    ],
    [
      'of a card that was given away since is not known yet',
      { used: 'gpu:2(IDX:0-1)', jobs: jobs('bank', { 0: 'bank' }), facts },
      'bank unproven nobody nobody',
    ],
    ['without jobs told', { used: 'gpu:1(IDX:0)', facts }, 'unproven nobody nobody nobody'],
    [
      'of a card that two claim is not known',
      { used: 'gpu:1(IDX:0)', jobs: jobs('unclear', { 0: 'unclear' }), facts },
      'unproven nobody nobody nobody',
    ],
    ['whole node', { state: 'ALLOCATED', jobs: jobs('bank', {}), facts }, 'bank bank bank bank'],
    ['whole node of others', { state: 'ALLOCATED', jobs: jobs('other', {}), facts }, ALL_GIVEN],
    [
      'whole node of several',
      { state: 'ALLOCATED', jobs: jobs('unclear', {}), facts },
      ALL_UNPROVEN,
    ],
    [
      'reservation keeps it free for the bank',
      { state: 'IDLE+RESERVED', reservation: 'lot', facts: { bankReservation: 'lot' } },
      ALL_NOBODY,
    ],
  ])('%s', (_name, change, expected) => {
    expect(words(change)).toBe(expected)
  })
})

describe('what is not named', () => {
  const sentenceOf = (unit: OwnedUnit, facts: Partial<SlurmFacts> = {}) =>
    possessionsBySlurm([unit], factsOf({ facts })).get(unit.key)

  test.each<[string, OwnedUnit, Partial<SlurmFacts>, RegExp]>([
    ['a card outside gres.conf', card(7), {}, /does not name \/dev\/nvidia7/],
    ['a card without device file', card(null), {}, /driver does not tell/],
    ['a node without cards in Slurm', card(0), { orders: new Map() }, /counts no cards \(Gres\)/],
    [
      'a card behind AutoDetect',
      card(0),
      { orders: new Map([['gpu', { status: 'unknown', sentence: 'State it.' }]]) },
      /^State it\.$/,
    ],
  ])('%s is unproven and says what to do', (_name, unit, facts, words) => {
    expect(sentenceOf(unit, facts)).toMatchObject({
      status: 'unproven',
      sentence: expect.stringMatching(words),
    })
  })

  test('an unknown order of something else does not hide what is missing', () => {
    const orders = new Map<string, DeviceOrder>([
      ['gpu', orderOf(0)],
      ['bw', { status: 'unknown', sentence: 'Bandwidth is no card.' }],
    ])
    expect(sentenceOf(card(7), { orders })).toMatchObject({
      sentence: expect.stringContaining('/dev/nvidia7'),
    })
  })
})

describe('slices', () => {
  const slice = (key: string, file: string | null) =>
    card(null, { key, parentKey: 'card-0', deviceFile: file })
  const [first, second] = ['/dev/nvidia-caps/nvidia-cap21', '/dev/nvidia-caps/nvidia-cap30']

  test('go with their card', () => {
    const units = [slice('a', null), card(0), slice('b', null), card(1)]
    expect(words({ used: 'gpu:1(IDX:0)' }, units)).toBe('given given given nobody')
    expect(words({ state: 'IDLE+DRAIN' }, units)).toBe('drained drained drained drained')
  })

  test('that Slurm gives away one by one are their own, and the card is given with the first', () => {
    const devices = [first, second].map((file) => ['/dev/nvidia0', file ?? ''])
    const orders = new Map([['gpu', { status: 'ok', devices } as const]])
    const units = [card(0), slice('a', first ?? null), slice('b', second ?? null)]
    const one = { used: 'gpu:1g:1(IDX:1)', facts: { orders } }
    expect(words(one, units)).toBe('given nobody given')
    expect(words({ used: 'gpu:1g:0(IDX:N/A)', facts: { orders } }, units)).toBe(
      'nobody nobody nobody',
    )
  })

  test('of a card that was not listed are unproven', () => {
    expect(words({}, [slice('a', null)])).toBe('unproven')
  })
})

describe('parts of cards (shards)', () => {
  const orders = new Map([
    ['gpu', orderOf(0, 1)],
    ['shard', orderOf(1, 0)],
  ])
  test.each<[string, string]>([
    ['gpu:0,shard:0', 'nobody nobody'],
    ['gpu:0,shard:(null):1(IDX:0)', 'nobody given'],
    ['gpu:0,shard:3(0/4,3/4)', 'given nobody'],
    ['gpu:1(IDX:0),shard:2(2/4,0/4)', 'given given'],
    ['gpu:0,shard:3', 'unproven unproven'],
  ])('%s', (used, expected) => {
    const facts = { orders }
    expect(words({ used, facts }, CARDS.slice(0, 2))).toBe(expected)
  })
})

test('whatever users write, a card in use by the scheduler’s count is never nobody’s', () => {
  const holder = fc.constantFrom<Holder>('bank', 'other', 'unclear')
  const claims = fc.dictionary(fc.constantFrom('0', '1', '2', '3'), holder)
  const anyCase = fc.record({
    used: fc.uniqueArray(fc.nat(3)),
    isTyped: fc.boolean(),
    forged: claims,
    knowsBank: fc.boolean(),
    areJobsNewer: fc.boolean(),
  })
  fc.assert(
    fc.property(anyCase, ({ used, isTyped, forged, knowsBank, areJobsNewer }) => {
      const list = [...used].sort().join(',') || 'N/A'
      const real = Object.fromEntries(used.map((index) => [index, 'other' as const]))
      const answer = possessionsBySlurm(
        CARDS,
        factsOf({
          used: isTyped ? `gpu:${used.length}(IDX:${list})` : `gpu:${used.length}`,
          // Slurm's own lines are there in any case; others may be added to them.
          jobs: { holder: 'unclear', claims: { gpu: { ...forged, ...real } } },
          facts: { knowsBank, areJobsNewer },
        }),
      )
      for (const index of used) expect(answer.get(`card-${index}`)?.status).not.toBe('nobody')
    }),
  )
})
