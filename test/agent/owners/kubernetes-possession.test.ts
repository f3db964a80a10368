import type { Vendor } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Device,
  type GivenDevice,
  type KubeletState,
  possessionsByKubelet,
} from '../../../agent/src/owners/kubernetes-possession.ts'
import { resourceOf } from '../../../agent/src/owners/kubernetes-resources.ts'
import type { OwnedUnit, Possession } from '../../../agent/src/owners/owner.ts'

type Listed = readonly [resource: string, ...ids: readonly string[]]

function unit(key: string, vendor: Vendor, overrides: Partial<OwnedUnit> = {}): OwnedUnit {
  return {
    key,
    parentKey: null,
    vendor,
    pciAddress: null,
    deviceFile: null,
    ids: [],
    ...overrides,
  }
}

function devices(listed: readonly Listed[]): Device[] {
  return listed.flatMap(([resource, ...ids]) => {
    const known = resourceOf(resource, [])
    return known === null ? [] : ids.map((id) => ({ resource, id, ...known }))
  })
}

function given(listed: readonly Listed[], toBank = false): GivenDevice[] {
  return devices(listed).map((device) => ({ ...device, toBank }))
}

function possessions(
  units: readonly OwnedUnit[],
  state: { given?: GivenDevice[]; allocatable?: readonly Listed[] | null },
): Record<string, Possession> {
  const { allocatable = [] } = state
  const full: KubeletState = {
    given: state.given ?? [],
    allocatable: allocatable === null ? null : devices(allocatable),
  }
  return Object.fromEntries(possessionsByKubelet(units, full, () => []))
}

/** `nobody`, `given` …, or of `given` to the bank `bank`, by key. */
function words(answer: Record<string, Possession>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answer).map(([key, one]) => [
      key,
      one.status === 'given' && one.toBank ? 'bank' : one.status,
    ]),
  )
}

const UUID_1 = '11111111-1111-1111-1111-111111111111'
const UUID_2 = '22222222-2222-2222-2222-222222222222'

describe('the ids of real device plugins name', () => {
  const NVIDIA = [
    unit('one', 'nvidia', { ids: [`GPU-${UUID_1}`], deviceFile: '/dev/nvidia0' }),
    unit('two', 'nvidia', { ids: [`GPU-${UUID_2}`], deviceFile: '/dev/nvidia1' }),
  ]
  const ASCEND = [
    unit('one', 'ascend', { ids: ['die-1'], deviceFile: '/dev/davinci3' }),
    unit('two', 'ascend', { ids: ['die-2'], deviceFile: '/dev/davinci13' }),
    unit('slice', 'ascend', { parentKey: 'two', deviceFile: '/dev/vdavinci100' }),
  ]
  const MLU = [
    unit('one', 'cambricon', { ids: [UUID_1] }),
    unit('two', 'cambricon', { ids: [`MLU-${UUID_2}`] }),
    unit('slice', 'cambricon', { parentKey: 'two', ids: ['MLU-instance'] }),
  ]
  const pci = (vendor: Vendor) => [
    unit('one', vendor, { ids: ['UUID-1'], pciAddress: '0000:0c:00.0' }),
    unit('two', vendor, { ids: ['UUID-2'], pciAddress: '0001:c9:00.0' }),
  ]
  const biren = ['one', 'two'].map((key, at) =>
    unit(key, 'biren', { ids: [`BR-${at}`], deviceFile: `/dev/biren/card_${at}` }),
  )

  test.each<[string, readonly OwnedUnit[], string, string, Record<string, string>]>([
    ['a UUID', NVIDIA, 'nvidia.com/gpu', `GPU-${UUID_1}`, { one: 'given' }],
    ['a replica', NVIDIA, 'nvidia.com/gpu.shared', `GPU-${UUID_1}::7`, { one: 'given' }],
    ['a node of GKE', NVIDIA, 'nvidia.com/gpu', 'nvidia1', { two: 'given' }],
    ['a share of GKE', NVIDIA, 'nvidia.com/gpu', 'nvidia1/vgpu0', { two: 'given' }],
    ['a claimed card', NVIDIA, 'gpu.nvidia.com', 'gpu-0', { one: 'given' }],
    ['a claimed MIG', NVIDIA, 'gpu.nvidia.com', 'gpu-0-mig-1g10gb-19-0', { one: 'given' }],
    [
      'a preset vNPU',
      ASCEND,
      'huawei.com/Ascend910-2c',
      'Ascend910-2c-100-13',
      { two: 'given', slice: 'given' },
    ],
    ['a vNPU unread', ASCEND, 'huawei.com/Ascend910-4c', 'Ascend910-4c-9-3', { one: 'given' }],
    ['an MLU', MLU, 'cambricon.com/mlu', `MLU-${UUID_1}`, { one: 'given' }],
    ['a shared MLU', MLU, 'cambricon.com/mlu.share', `MLU-${UUID_1}-_-2`, { one: 'given' }],
    [
      'a MIM instance',
      MLU,
      'cambricon.com/mlu370.mim-2m.8gb',
      `MLU-${UUID_2}-mim-MLU-instance`,
      { two: 'given', slice: 'given' },
    ],
    ['an address', pci('amd'), 'amd.com/gpu', '0000:0C:00.0', { one: 'given' }],
    ['an address', pci('hygon'), 'hygon.com/dcu', '0001:c9:00.0', { two: 'given' }],
    ['a UUID', pci('metax'), 'metax-tech.com/gpu', 'UUID-2', { two: 'given' }],
    ['a UUID', pci('moore-threads'), 'mthreads.com/gpu', 'uuid-2', { two: 'given' }],
    ['a UUID', pci('enflame'), 'enflame.com/gcu', 'UUID-1', { one: 'given' }],
    ['a UUID', pci('iluvatar'), 'iluvatar.com/gpu', 'UUID-1', { one: 'given' }],
    ['a replica', pci('iluvatar'), 'iluvatar.com/gpu', 'UUID-1::3', { one: 'given' }],
    ['a UUID', pci('thead-ppu'), 'alibabacloud.com/ppu', 'UUID-1', { one: 'given' }],
    ['a serial', pci('habana'), 'habana.ai/gaudi', 'UUID-1', { one: 'given' }],
    ['a device node', biren, 'birentech.com/gpu', 'card_1', { two: 'given' }],
    ['a claimed card', pci('intel'), 'gpu.intel.com', '0000-0c-00-0-0x56a0', { one: 'given' }],
  ])('%s', (_form, units, resource, id, expected) => {
    const nodes = units.flatMap(({ ids, deviceFile }) => [...ids, deviceFile ?? []].flat())
    const answer = possessions(units, {
      given: given([[resource, id]]),
      allocatable: [[resource.includes('/') ? resource : `${resource}/x`, ...nodes]],
    })
    const others = Object.fromEntries(units.map(({ key }) => [key, 'nobody']))
    expect(words(answer)).toEqual({ ...others, ...expected })
  })

  test('nothing that nobody has verified: a plain number fits no card', () => {
    const answer = possessions(NVIDIA, {
      given: given([['nvidia.com/gpu', '0']]),
      allocatable: [['nvidia.com/gpu', '0', '1']],
    })
    expect(words(answer)).toEqual({ one: 'unproven', two: 'unproven' })
    expect(answer.one).toMatchObject({ sentence: expect.stringMatching(/nvidia\.com\/gpu/) })
  })
})

describe('ids behind which a scheduler may put another card', () => {
  const NPUS = [0, 1, 2].map((at) =>
    unit(`npu${at}`, 'ascend', { deviceFile: `/dev/davinci${at}` }),
  )
  const ALL: Listed = ['huawei.com/Ascend910', 'Ascend910-0', 'Ascend910-1', 'Ascend910-2']
  const npus = (state: { given?: GivenDevice[] }) =>
    words(possessions(NPUS, { ...state, allocatable: [ALL] }))

  test('none given: nobody’s', () => {
    expect(npus({})).toEqual({ npu0: 'nobody', npu1: 'nobody', npu2: 'nobody' })
  })
  test('all given: given', () => {
    expect(npus({ given: given([ALL]) })).toEqual({ npu0: 'given', npu1: 'given', npu2: 'given' })
  })
  test('some given: the rest is unproven', () => {
    expect(npus({ given: given([['huawei.com/Ascend910', 'Ascend910-1']]) })).toEqual({
      npu0: 'unproven',
      npu1: 'given',
      npu2: 'unproven',
    })
  })
  test('some given to the bank alone: what is given is the bank’s', () => {
    const banks = given([['huawei.com/Ascend910', 'Ascend910-1']], true)
    expect(npus({ given: banks }).npu1).toBe('bank')
  })
  test('some given to the bank and some to others: nobody knows which', () => {
    const mixed = [
      ...given([['huawei.com/Ascend910', 'Ascend910-0']]),
      ...given([['huawei.com/Ascend910', 'Ascend910-1']], true),
    ]
    expect(npus({ given: mixed })).toEqual({ npu0: 'unproven', npu1: 'unproven', npu2: 'unproven' })
    const rest = given([['huawei.com/Ascend910', 'Ascend910-2']])
    expect(npus({ given: [...mixed, ...rest] })).toEqual({
      npu0: 'given',
      npu1: 'given',
      npu2: 'given',
    })
  })

  test.each<[string, Vendor, string, string]>([
    ['HAMi', 'nvidia', 'nvidia.com/gpu', `GPU-${UUID_1}-3`],
    ['gpushare', 'nvidia', 'aliyun.com/gpu-mem', `GPU-${UUID_1}-_-3`],
    ['HAMi', 'amd', 'amd.com/gpu', `GPU-${UUID_1}#0`],
    ['HAMi', 'hygon', 'hygon.com/dcunum', `GPU-${UUID_1}-fake-0`],
    ['dynamic sMLU', 'cambricon', 'cambricon.com/mlu.smlu.vcore', `MLU-${UUID_1}-vcore-9`],
  ])('are known by their form: %s of %s', (_name, vendor, resource, id) => {
    const units = [
      unit('one', vendor, { ids: [`GPU-${UUID_1}`, UUID_1] }),
      unit('two', vendor, { ids: [UUID_2] }),
    ]
    const answer = possessions(units, {
      given: given([[resource, id]]),
      allocatable: [[resource, id, UUID_2]],
    })
    expect(words(answer)).toEqual({ one: 'given', two: 'unproven' })
    expect(answer.two).toMatchObject({ sentence: expect.stringMatching(/ids: exact/) })
  })
})

describe('cards and slices', () => {
  const CARD = unit('card', 'nvidia', { ids: ['GPU-a'], pciAddress: '0000:0c:00.0' })
  const OTHER = unit('other', 'nvidia', { ids: ['GPU-b'], pciAddress: '0000:0d:00.0' })
  const SLICES = ['MIG-1', 'MIG-2'].map((id) =>
    unit(id, 'nvidia', { parentKey: 'card', ids: [id], pciAddress: '0000:0c:00.0' }),
  )
  const REST = unit('rest', 'nvidia', { parentKey: 'card', pciAddress: '0000:0c:00.0' })
  const UNITS = [CARD, ...SLICES, REST, OTHER]
  const MIG = 'nvidia.com/mig-3g.40gb'
  const ALLOCATABLE: readonly Listed[] = [
    [MIG, 'MIG-1', 'MIG-2'],
    ['nvidia.com/gpu', 'GPU-b'],
  ]
  const ask = (listed: readonly Listed[], allocatable = ALLOCATABLE) =>
    words(possessions(UNITS, { given: given(listed), allocatable }))

  test('a cut card is kept by the plugin that keeps its slices, and so is its rest', () => {
    expect(ask([])).toEqual({
      card: 'nobody',
      'MIG-1': 'nobody',
      'MIG-2': 'nobody',
      rest: 'nobody',
      other: 'nobody',
    })
  })
  test('a slice given gives its card and no other slice', () => {
    expect(ask([[MIG, 'MIG-2']])).toEqual({
      card: 'given',
      'MIG-1': 'nobody',
      'MIG-2': 'given',
      rest: 'nobody',
      other: 'nobody',
    })
  })
  test('a card given gives its slices', () => {
    const whole: Listed = ['nvidia.com/gpu', 'GPU-a', 'GPU-b']
    expect(ask([['nvidia.com/gpu', 'GPU-a']], [whole])).toEqual({
      card: 'given',
      'MIG-1': 'given',
      'MIG-2': 'given',
      rest: 'given',
      other: 'nobody',
    })
  })
  test('an address means the card, not each of its slices alone', () => {
    expect(ask([['nvidia.com/gpu', '0000:0d:00.0']])).toMatchObject({
      card: 'nobody',
      other: 'given',
    })
  })
  test('a slice its plugin calls unhealthy is unproven, and with it its card and rest', () => {
    expect(
      ask(
        [],
        [
          [MIG, 'MIG-1'],
          ['nvidia.com/gpu', 'GPU-b'],
        ],
      ),
    ).toEqual({
      card: 'unproven',
      'MIG-1': 'nobody',
      'MIG-2': 'unproven',
      rest: 'unproven',
      other: 'nobody',
    })
  })
  test('slices to the bank and to others: the card is not the bank’s', () => {
    const state = {
      given: [...given([[MIG, 'MIG-1']], true), ...given([[MIG, 'MIG-2']])],
      allocatable: ALLOCATABLE,
    }
    expect(words(possessions(UNITS, state))).toMatchObject({
      card: 'given',
      'MIG-1': 'bank',
      'MIG-2': 'given',
    })
  })
})

test('a device that fits no card of one vendor says nothing of another vendor’s', () => {
  const units = [unit('a', 'nvidia', { ids: ['GPU-a'] }), unit('b', 'amd', { ids: ['GPU-b'] })]
  const answer = possessions(units, {
    given: given([['nvidia.com/gpu', 'GPU-x']]),
    allocatable: [
      ['nvidia.com/gpu', 'GPU-a', 'GPU-x'],
      ['amd.com/gpu', 'GPU-b'],
    ],
  })
  expect(words(answer)).toEqual({ a: 'unproven', b: 'nobody' })
})

test('names that come from the cluster are cut and cleaned in sentences', () => {
  const resource = `nvidia.com/${'\u001b[31m'}${'x'.repeat(300)}`
  const answer = possessions([unit('a', 'nvidia', { ids: ['GPU-a'] })], {
    given: given([[resource, 'GPU-x']]),
  })
  const { sentence } = answer.a as { sentence: string }
  expect(sentence).not.toContain('\u001b')
  expect(sentence.length).toBeLessThan(300)
})

test('whatever is given, only a unit that is managed and not given is nobody’s', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'a1', 'a2', 'x', 'a::0', 'y::3')
  const units = [
    ...['a', 'b', 'c'].map((id) => unit(id, 'nvidia', { ids: [id] })),
    ...['a1', 'a2'].map((id) => unit(id, 'nvidia', { ids: [id], parentKey: 'a' })),
  ]
  fc.assert(
    fc.property(fc.array(name), fc.array(name), (givenIds, managedIds) => {
      const answer = possessions(units, {
        given: given([['nvidia.com/gpu', ...givenIds]]),
        allocatable: [['nvidia.com/gpu', ...managedIds]],
      })
      const base = (id: string) => id.split('::')[0] ?? id
      const isStrange = givenIds.some((id) => !units.some(({ key }) => key === base(id)))
      const isGiven = ({ key, parentKey }: OwnedUnit) =>
        givenIds.some((id) => base(id) === key || base(id) === parentKey) ||
        units.some((slice) => slice.parentKey === key && givenIds.map(base).includes(slice.key))
      for (const one of units) {
        const { status } = answer[one.key] ?? { status: 'missing' }
        expect(status === 'given').toBe(isGiven(one))
        if (status === 'nobody') {
          expect(isStrange).toBe(false)
          const near = [one.key, one.parentKey, ...(one.key === 'a' ? ['a1'] : [])]
          expect(managedIds.map(base).some((id) => near.includes(id))).toBe(true)
        }
      }
    }),
  )
})
