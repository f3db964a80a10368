/** From NVIDIA's devices to units: ids that name a card, slices that add up, cards that are lost. */
import { describe, expect, test } from 'vitest'
import { sparseCard } from '../../../../agent/src/probes/card.ts'
import { inventoryOf, placedCards, sampleOf } from '../../../../agent/src/probes/card-units.ts'
import type { NvidiaDevice } from '../../../../agent/src/probes/nvidia/devices.ts'
import {
  NVIDIA_TRAITS,
  placeOf,
  withoutMeaningless,
} from '../../../../agent/src/probes/nvidia/traits.ts'

const UUID = 'GPU-be21b2e7-f219-1666-711f-d9b646c1f00b'
const MIB = 1024 * 1024

function card(known: Partial<NvidiaDevice> = {}): NvidiaDevice {
  return {
    ...sparseCard(0, { name: 'NVIDIA A100', uuid: UUID, pci_bdf: '0000:01:00.0' }),
    memory_total_mib: 40960,
    memory_used_mib: 100,
    utilization_pct: 0,
    processes: [],
    ...known,
  }
}

function unitsOf(...devices: readonly NvidiaDevice[]) {
  const cards = placedCards(NVIDIA_TRAITS, devices.map(withoutMeaningless), placeOf)
  const known = { driverVersion: '580', rootPrefix: '/nowhere' }
  return { ...inventoryOf(NVIDIA_TRAITS, cards, known), ...sampleOf(NVIDIA_TRAITS, cards) }
}

describe('ids', () => {
  test.each([
    { name: 'the chip’s, then the board’s', ids: { serial: '1650521008911' }, strengths: 2 },
    {
      name: 'none that is all zeros',
      ids: { uuid: 'GPU-00000000-0000-0000-0000-000000000000' },
      strengths: 0,
    },
    { name: 'none of another length', ids: { uuid: 'GPU-be21b2e7' }, strengths: 0 },
    { name: 'none of another kind', ids: { uuid: UUID.replace('GPU', 'MIG') }, strengths: 0 },
    { name: 'no serial of zeros', ids: { serial: '0000000000000' }, strengths: 1 },
    { name: 'no serial of letters', ids: { serial: 'N/A' }, strengths: 1 },
  ])('$name', ({ ids, strengths }) => {
    expect(unitsOf(card(ids)).units[0]?.identities).toHaveLength(strengths)
  })

  test('that two cards claim name neither of them', () => {
    const { units } = unitsOf(card(), card({ index: 1, pci_bdf: '0000:02:00.0' }))
    expect(units.map(({ key }) => key)).toEqual(['nvidia:0000:01:00.0', 'nvidia:0000:02:00.0'])
  })
})

describe('a card cut into MIG slices', () => {
  const slices = [
    { index: 0, gi: 1, ci: 0, profile: '3g.20gb', uuid: 'MIG-1', memory_total_mib: 19968 },
    { index: 1, gi: 2, ci: 0, profile: '2g.10gb', uuid: 'MIG-2', memory_total_mib: 9856 },
  ].map((slice) => ({ ...slice, memory_used_mib: 10 }))
  const cut = card({
    mig_enabled: true,
    mig_devices: slices,
    processes: [
      { pid: 12, name: null, memory_mib: 7, type: 'C', gi: 1, ci: 0 },
      { pid: 13, name: null, memory_mib: 8, type: 'C' },
    ],
  })

  test('is slices and a rest whose shares add up to it', () => {
    expect(unitsOf(cut).units).toMatchObject([
      { key: UUID, kind: 'card', sharePpm: 1_000_000, offers: { utilization: false } },
      { key: 'MIG-1', kind: 'slice', name: 'NVIDIA A100 MIG 3g.20gb', sharePpm: 428_572 },
      { key: 'MIG-2', kind: 'slice', sharePpm: 285_714 },
      {
        key: `${UUID}/unsliced`,
        kind: 'unsliced',
        sharePpm: 285_714,
        memoryTotalBytes: (40960 - 19968 - 9856) * MIB,
      },
    ])
  })

  test('has each process on its slice, and one on none on the rest', () => {
    expect(unitsOf(cut).readings).toMatchObject([
      { processes: { computeCount: 2 } },
      { processes: { computeCount: 1, memoryUsedBytes: 7 * MIB }, memoryUsedBytes: 10 * MIB },
      { processes: { computeCount: 0 } },
      { processes: { computeCount: 1, memoryUsedBytes: 8 * MIB }, memoryUsedBytes: 80 * MIB },
    ])
  })

  test('without a list of processes tells of none on any of its parts', () => {
    const { readings } = unitsOf({ ...cut, processes: null })
    expect(readings.map(({ processes }) => processes)).toEqual([null, null, null, null])
  })

  test.each([
    { name: 'of an unknown size', part: { profile: 'own' }, model: 'NVIDIA A100' },
    { name: 'of an unknown card', part: {}, model: 'NVIDIA X' },
  ])('with a slice $name is never proven free', ({ part, model }) => {
    const mig_devices = slices.map((slice) => ({ ...slice, ...part }))
    const { units, readings, problems } = unitsOf({ ...cut, name: model, mig_devices })
    expect(units).toMatchObject([{ kind: 'card', offers: { processes: true } }])
    expect(readings).toMatchObject([{ processes: null }])
    expect(problems).toMatchObject([{ key: UUID, sentence: expect.stringContaining('MIG') }])
  })
})

test('a lost card tells neither memory nor processes, whatever it prints', () => {
  const lost = card({ health_words: ['GPU is lost'] })
  expect(unitsOf(lost).readings).toMatchObject([
    { memoryUsedBytes: null, processes: null, health: { status: 'failed' } },
  ])
})

test('graphics are counted apart where the list names them', () => {
  const processes = [
    { pid: 1, name: null, memory_mib: 5, type: 'G' },
    { pid: 2, name: null, memory_mib: null, type: 'C+G' },
  ]
  expect(unitsOf(card({ processes, lists_graphics: true })).readings[0]?.processes).toEqual({
    computeCount: 1,
    graphicsCount: 1,
    memoryUsedBytes: null,
  })
  expect(unitsOf(card({ processes })).readings[0]?.processes).toMatchObject({ graphicsCount: null })
})
