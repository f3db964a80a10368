import { runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { CardLook } from '../../../collector/src/bank/lease-look.ts'
import { LeaseRig, MINUTE, openUnit, SECOND, TEN_PM, UNIT_ROW } from './lease-support.ts'

const HELD = TEN_PM - 10 * SECOND
const FREE = openUnit(runCode('free/proven'), TEN_PM - MINUTE)

test('E1: a hold on a free card goes on', () => {
  const rig = LeaseRig.held()
  const look = rig.look(TEN_PM, [])
  expect(rig.decide({ ...look, listeningSinceMs: TEN_PM - MINUTE })).toBeNull()
})

test('E1: a hold lapses at the instant that was stated, however late it is looked at', () => {
  const rig = LeaseRig.held()
  rig.decide(rig.look(TEN_PM + MINUTE, []))
  expect(rig.draw).toMatchObject({ state: 'lapsed', endedAtMs: TEN_PM + 20 * SECOND })
})

test.each<[string, Partial<CardLook>]>([
  ['placement_ended', { unit: null }],
  ['placement_ended', { row: { ...UNIT_ROW, validToMs: TEN_PM, validToReason: 'moved' } }],
  ['placement_ended', { recutAtMs: TEN_PM }],
  ['in_conflict', { row: { ...UNIT_ROW, isInConflict: true } }],
  ['reclaimed', { unit: { ...FREE, withheld: { by: 'veto', sinceMs: TEN_PM } } }],
  [
    'reclaimed',
    { unit: { ...FREE, consentEnds: { count: 1, latest: [{ by: 'veto', sinceMs: HELD }] } } },
  ],
  ['paused', { unit: { ...FREE, withheld: { by: 'pause', sinceMs: TEN_PM } } }],
  ['withheld', { unit: { ...FREE, withheld: { by: 'bit', sinceMs: TEN_PM } } }],
  ['left_free', { unit: openUnit(runCode('allocated/scheduler'), TEN_PM) }],
  ['left_free', { unit: FREE, hasLeftFree: true }],
  ['node_silent', { unit: FREE, toldToMs: TEN_PM - 90 * SECOND }],
])('E1: a hold is voided: %s', (cause, change) => {
  const rig = LeaseRig.held()
  const look = rig.look(TEN_PM, [], { unit: FREE, toldToMs: TEN_PM, ...change })
  rig.decide(look)
  expect(rig.draw).toMatchObject({ state: 'voided', endedAtMs: TEN_PM })
  expect(rig.entries('draw_voided')).toMatchObject([{ cause }])
})

test('E1: a word of the owner from before the hold does not void it', () => {
  const rig = LeaseRig.held()
  const latest = [{ by: 'veto' as const, sinceMs: HELD - 1 }]
  const unit = { ...FREE, consentEnds: { count: 1, latest } }
  expect(rig.decide(rig.look(TEN_PM, [], { unit, toldToMs: TEN_PM }))).toBeNull()
})

test('C21: a lone grey reading does not void a hold', () => {
  const rig = LeaseRig.held()
  const unit = openUnit(runCode('busy/grey'), TEN_PM)
  expect(rig.decide(rig.look(TEN_PM, [], { unit, toldToMs: TEN_PM }))).toBeNull()
})

test('E4: a hold is not voided for silence while the collector suspects itself', () => {
  const rig = LeaseRig.held()
  const look = rig.look(TEN_PM, [], { unit: FREE, toldToMs: TEN_PM - 2 * MINUTE })
  expect(rig.decide({ ...look, isSilenceJudged: false })).toBeNull()
})
