import { encodeRecord } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { type FactsInput, factsBody, probeFacts } from '../../../agent/src/sampling/facts.ts'
import { fakeCard, pciCardOf } from '../../support/fake-probe.ts'

function input(overrides: Partial<FactsInput> = {}): FactsInput {
  return {
    agentVersion: '0.1.0',
    bootId: 'boot-1',
    host: {
      operatingSystem: 'Ubuntu',
      kernel: null,
      architecture: 'x64',
      cpuModel: null,
      cpuCores: 64,
      memoryTotalMib: null,
      virtualization: null,
    },
    ownerKind: 'none',
    units: [],
    probes: [],
    identityKey: { keyNumber: 1, key: new Uint8Array(32) },
    nodeId: 'node-1',
    ...overrides,
  }
}

function unit(index: number, card: ReturnType<typeof fakeCard>) {
  return { index, id: card.unit.key, unit: card.unit, pciDeviceId: null, problem: null }
}

describe('facts', () => {
  test('hold no raw id', () => {
    const card = fakeCard('GPU-8b8f3c2e', {
      identities: [
        { strength: 'strong', raw: 'GPU-8b8f3c2e' },
        { strength: 'board', raw: 'SERIAL-17' },
      ],
    })
    const text = JSON.stringify(factsBody(input({ units: [unit(0, card)] })))
    expect(text).not.toMatch(/GPU-8b8f3c2e|SERIAL-17/)
  })

  test('name a unit without ids by its slot', () => {
    const card = fakeCard('pci:0000:0c:00.0', { identities: [] })
    const { units } = factsBody(input({ units: [unit(0, card)] }))
    expect(units[0]?.identities).toMatchObject([{ strength: 'slot' }])
  })

  test('point slices to their card and stand in the order of indexes', () => {
    const slice = fakeCard('MIG-1', { kind: 'slice', parentKey: 'GPU-01', sharePpm: 142_857 })
    const { units } = factsBody(input({ units: [unit(5, slice), unit(2, fakeCard('GPU-01'))] }))
    expect(units.map(({ index, parentIndex }) => [index, parentIndex])).toEqual([
      [2, null],
      [5, 2],
    ])
  })

  test('are cut to what the wire carries, at a character', () => {
    const card = fakeCard('GPU-01', { name: '算'.repeat(300) })
    const body = factsBody(input({ units: [unit(0, card)] }))
    expect(body.units[0]?.name).toBe('算'.repeat(66))
    expect(() =>
      encodeRecord({ kind: 'facts', facts: { ...body, revision: 1, atMs: 1_795_132_800_000 } }),
    ).not.toThrow()
  })

  test('tell of a probe what it found, and what it could not read', () => {
    const failed = {
      vendor: 'nvidia',
      result: { status: 'failed', code: 'tool_failed', sentence: 'No driver.' },
    } as const
    const pci = [pciCardOf(fakeCard('GPU-01')), pciCardOf(fakeCard('GPU-02'))]
    expect(probeFacts(failed, { status: 'absent' }, pci)).toEqual({
      vendor: 'nvidia',
      tool: null,
      toolVersion: null,
      unitsFound: 0,
      cardsPresent: 2,
      problemCode: 'tool_failed',
      problem: 'No driver.',
    })
  })
})
