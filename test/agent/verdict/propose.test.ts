import { describe, expect, test } from 'vitest'
import type { ApprovedBaseline, BaselineKey } from '../../../agent/src/verdict/baseline.ts'
import { baselineFor } from '../../../agent/src/verdict/baseline.ts'
import type { BaselineObservation } from '../../../agent/src/verdict/propose.ts'
import { proposeBaselines } from '../../../agent/src/verdict/propose.ts'
import { THRESHOLDS } from '../../../agent/src/verdict/thresholds.ts'
import { MIB } from './readings.ts'

const KEY: BaselineKey = {
  vendor: 'metax',
  name: 'MetaX C500',
  memoryTotalMib: 65_536,
  driverVersion: '3.0',
  kind: 'card',
}
const SHIPPED_MIB = 858

/** One card, 31 readings over 5 minutes, all the same but for those given by position. */
function card(
  unit: number,
  memoryMib: number,
  odd: Readonly<Record<number, number>> = {},
): BaselineObservation {
  const readings = Array.from({ length: 31 }, (_, position) => ({
    atMs: position * 10_000,
    memoryUsedBytes: (odd[position] ?? memoryMib) * MIB,
    powerWatts: 40 + unit,
  }))
  return { ...KEY, unitKey: `card-${unit}`, readings }
}

function cards(...memoryMib: number[]): BaselineObservation[] {
  return memoryMib.map((mib, unit) => card(unit, mib))
}

function propose(
  observations: readonly BaselineObservation[],
  approved: readonly ApprovedBaseline[] = [],
) {
  return proposeBaselines(observations, approved, THRESHOLDS).map((proposal) => ({
    kind: proposal.kind,
    memoryMib: proposal.baseline.idleMemoryBytesMax / MIB,
    cards: proposal.cards,
  }))
}

describe('a baseline is lowered', () => {
  test('to what the highest of at least three empty cards shows', () => {
    expect(propose(cards(500, 510, 520))).toEqual([{ kind: 'lowered', memoryMib: 520, cards: 3 }])
  })

  test('never below half the shipped value', () => {
    expect(propose(cards(2, 2, 2))).toEqual([
      { kind: 'lowered', memoryMib: SHIPPED_MIB / 2, cards: 3 },
    ])
  })

  test.each<[string, BaselineObservation[]]>([
    ['two cards', cards(500, 500)],
    ['one card seen three times', [card(1, 500), card(1, 500), card(1, 500)]],
    ['one of three at the value in force', cards(500, 500, SHIPPED_MIB)],
    ['a difference the slack hides', cards(820, 820, 820)],
    ['one reading of 0 each (C13)', [0, 1, 2].map((unit) => card(unit, SHIPPED_MIB, { 9: 0 }))],
    [
      'less than 5 minutes',
      cards(500, 500, 500).map((one) => ({ ...one, readings: one.readings.slice(1) })),
    ],
    [
      'two readings 5 minutes apart',
      cards(500, 500, 500).map((one) => ({
        ...one,
        readings: one.readings.filter((_, position) => position === 0 || position === 30),
      })),
    ],
    ['nothing at all', []],
  ])('not by %s', (_name, observations) => {
    expect(propose(observations)).toEqual([])
  })
})

describe('a new driver or model gets a proposal (C13)', () => {
  const shifted = SHIPPED_MIB + 900

  test('from eight empty cards within 64 MiB, which then holds for them', () => {
    const observations = cards(...Array.from({ length: 8 }, (_, unit) => shifted + unit * 9))
    expect(propose(observations)).toEqual([{ kind: 'new', memoryMib: shifted + 63, cards: 8 }])
    const [proposal] = proposeBaselines(observations, [], THRESHOLDS)
    const approved = proposal === undefined ? [] : [proposal.baseline]
    expect(baselineFor(KEY, approved)).toMatchObject({
      basis: 'approved',
      idleMemoryBytesMax: (shifted + 63) * MIB,
      idlePowerWattsMax: 47,
    })
    expect(propose(observations, approved)).toEqual([])
  })

  test('for a model nobody knows', () => {
    const observations = cards(...Array.from({ length: 8 }, () => 900)).map((one) => ({
      ...one,
      name: 'MetaX C999',
    }))
    expect(propose(observations)).toEqual([{ kind: 'new', memoryMib: 900, cards: 8 }])
  })

  const eight = (mib: number) => Array.from({ length: 8 }, () => mib)
  test.each<[string, BaselineObservation[]]>([
    ['seven cards', cards(...eight(shifted).slice(1))],
    ['eight cards 65 MiB apart', cards(...eight(shifted).slice(1), shifted + 65)],
    ['eight loaded cards beside eight empty ones', cards(...eight(SHIPPED_MIB), ...eight(shifted))],
    ['eight cards with the same model loaded', cards(...eight(24 * 1024))],
    ['eight cards within the slack of the shipped value', cards(...eight(SHIPPED_MIB + 600))],
  ])('not from %s', (_name, observations) => {
    expect(propose(observations)).toEqual([])
  })
})
