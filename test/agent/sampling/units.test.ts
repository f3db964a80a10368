/** Merging what tools list with what the bus shows. */
import { runName } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { Inventory, PciAccelerator } from '../../../agent/src/probes/probe.ts'
import {
  mergeUnits,
  type NodeUnit,
  type VendorInventory,
} from '../../../agent/src/sampling/units.ts'
import { type FakeCard, fakeCard, pciCardOf } from '../../support/fake-probe.ts'

const ONE = fakeCard('GPU-01')
const TWO = fakeCard('GPU-02')

function listed(cards: readonly FakeCard[], problems: Inventory['problems'] = []): VendorInventory {
  const units = cards.map(({ unit }) => unit)
  return {
    vendor: 'nvidia',
    result: { status: 'ok', tool: 'fake', toolVersion: null, units, problems },
  }
}

function failed(code: 'tool_failed' | 'tool_missing'): VendorInventory {
  return { vendor: 'nvidia', result: { status: 'failed', code, sentence: 'The tool failed.' } }
}

const PENDING: VendorInventory = { vendor: 'nvidia', result: { status: 'pending' } }
const ABSENT: VendorInventory = { vendor: 'nvidia', result: { status: 'absent' } }
const BUS = [pciCardOf(ONE), pciCardOf(TWO)]

function merge(
  known: readonly NodeUnit[],
  inventory: VendorInventory,
  pci: readonly PciAccelerator[] | null = BUS,
): NodeUnit[] {
  return mergeUnits({ known, inventories: [inventory], pci })
}

function shown(units: readonly NodeUnit[]): [string, string | null][] {
  return units.map(({ id, problem }) => [id, problem === null ? null : runName(problem.code)])
}

const KNOWN = merge([], listed([ONE, TWO]))

describe('units', () => {
  test.each([
    {
      name: 'listed cards',
      known: [],
      inventory: listed([ONE, TWO]),
      expected: [
        ['GPU-01', null],
        ['GPU-02', null],
      ],
    },
    {
      name: 'a card the tool does not list',
      known: [],
      inventory: listed([ONE]),
      expected: [
        ['GPU-01', null],
        ['pci:0000:02:00.0', 'unknown/probe'],
      ],
    },
    {
      name: 'cards without any tool',
      known: [],
      inventory: ABSENT,
      expected: [
        ['pci:0000:01:00.0', 'faulty/no_tool'],
        ['pci:0000:02:00.0', 'faulty/no_tool'],
      ],
    },
    {
      name: 'cards whose tool is missing',
      known: [],
      inventory: failed('tool_missing'),
      expected: [
        ['pci:0000:01:00.0', 'faulty/no_tool'],
        ['pci:0000:02:00.0', 'faulty/no_tool'],
      ],
    },
    {
      name: 'cards whose tool fails',
      known: [],
      inventory: failed('tool_failed'),
      expected: [
        ['pci:0000:01:00.0', 'unknown/probe'],
        ['pci:0000:02:00.0', 'unknown/probe'],
      ],
    },
    { name: 'cards whose tool has not answered yet', known: [], inventory: PENDING, expected: [] },
    {
      name: 'known cards whose tool fails',
      known: KNOWN,
      inventory: failed('tool_failed'),
      expected: [
        ['GPU-01', null],
        ['GPU-02', null],
      ],
    },
    {
      name: 'known cards whose tool has vanished',
      known: KNOWN,
      inventory: ABSENT,
      expected: [
        ['GPU-01', null],
        ['GPU-02', null],
      ],
    },
  ])('of $name', ({ known, inventory, expected }) => {
    expect(shown(merge(known, inventory))).toEqual(expected)
  })

  test('a driver that is gone explains a known card’s silence', () => {
    const bus = [pciCardOf(ONE, { driver: null }), pciCardOf(TWO, { driver: 'vfio-pci' })]
    expect(shown(merge(KNOWN, failed('tool_failed'), bus))).toEqual([
      ['GPU-01', 'faulty/no_driver'],
      ['GPU-02', 'allocated/passthrough'],
    ])
  })

  test('a known card named by its tool as out of reach has fallen off the bus', () => {
    const problem = {
      key: null,
      pciAddress: '0000:02:00.0',
      code: 'tool_failed',
      sentence: 'GPU is lost.',
    } as const
    expect(shown(merge(KNOWN, listed([ONE], [problem])))).toEqual([
      ['GPU-01', null],
      ['GPU-02', 'faulty/fallen_off_bus'],
    ])
  })

  test('a known card that neither its tool nor the bus shows is gone', () => {
    expect(shown(merge(KNOWN, listed([ONE]), [pciCardOf(ONE)]))).toEqual([['GPU-01', null]])
    expect(shown(merge(KNOWN, failed('tool_failed'), [pciCardOf(ONE)]))).toEqual([['GPU-01', null]])
  })

  test('another card in the slot of a known one is not it', () => {
    const bus = [pciCardOf(ONE), pciCardOf(TWO, { deviceId: '20b0' })]
    const units = merge(KNOWN, failed('tool_failed'), bus)
    expect(units.map(({ id }) => id)).toEqual(['GPU-01', 'pci:0000:02:00.0'])
  })

  test('a card the bus has never shown stays when its tool fails', () => {
    const hidden = merge([], listed([fakeCard('GPU-09')]), [])
    expect(shown(merge(hidden, failed('tool_failed'), []))).toEqual([['GPU-09', null]])
  })

  test('a bus that cannot be read drops nothing', () => {
    expect(shown(merge(KNOWN, failed('tool_failed'), null))).toEqual([
      ['GPU-01', null],
      ['GPU-02', null],
    ])
  })

  test('units whose address no tool tells account for as many cards of the bus', () => {
    const placeless = fakeCard('SN-01', { pciAddress: null })
    expect(merge([], listed([placeless]))).toHaveLength(2)
    const other = fakeCard('SN-02', { pciAddress: null })
    expect(shown(merge([], listed([placeless, other])))).toEqual([
      ['SN-01', null],
      ['SN-02', null],
    ])
  })

  test('slices of a known card stay and go with it', () => {
    const slice = fakeCard('MIG-01', {
      kind: 'slice',
      parentKey: 'GPU-01',
      sharePpm: 142_857,
      pciAddress: null,
    })
    const known = merge([], listed([ONE, slice]), [pciCardOf(ONE)])
    expect(known.map(({ id }) => id)).toEqual(['GPU-01', 'MIG-01'])
    const kept = merge(known, failed('tool_failed'), [pciCardOf(ONE)])
    expect(kept.map(({ id }) => id)).toEqual(['GPU-01', 'MIG-01'])
    const recut = merge(known, listed([ONE]), [pciCardOf(ONE)])
    expect(recut.map(({ id }) => id)).toEqual(['GPU-01'])
  })

  test('two vendors that use one key are two units', () => {
    const other = fakeCard('GPU-01', { vendor: 'ascend', pciAddress: '0000:77:00.0' })
    const units = mergeUnits({
      known: [],
      inventories: [listed([ONE]), { ...listed([other]), vendor: 'ascend' }],
      pci: null,
    })
    expect(units.map(({ id }) => id)).toEqual(['GPU-01', 'ascend:GPU-01'])
  })

  test.each([
    { bus: 'ascend', kept: ['NPU-01'] },
    { bus: 'nvidia', kept: ['GPU-01', 'MIG-01'] },
    { bus: null, kept: ['GPU-01', 'MIG-01'] },
  ] as const)('a card that two makers list is counted once: the bus says $bus', ({ bus, kept }) => {
    const { pciAddress } = ONE.unit
    const slice = fakeCard('MIG-01', { kind: 'slice', parentKey: 'GPU-01', pciAddress })
    const shim = fakeCard('NPU-01', { vendor: 'ascend', pciAddress })
    const units = mergeUnits({
      known: [],
      inventories: [listed([ONE, slice]), { ...listed([shim]), vendor: 'ascend' }],
      pci: bus === null ? null : [pciCardOf(ONE, { vendor: bus })],
    })
    expect(units.map(({ id }) => id)).toEqual(kept)
  })

  test('known units keep their order, new ones follow', () => {
    const units = merge(KNOWN, listed([fakeCard('GPU-03'), TWO, ONE]), null)
    expect(units.map(({ id }) => id)).toEqual(['GPU-01', 'GPU-02', 'GPU-03'])
  })
})
