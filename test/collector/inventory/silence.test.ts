import { runCode } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { silenceOf } from '../../../collector/src/inventory/silence.ts'
import { LedgerRig, MINUTE, START_MS } from '../bank/ledger-rig.ts'

describe('a silence', () => {
  test('is of every unit of the node, from its last proven second on', async () => {
    const rig = new LedgerRig()
    const nodeId = await rig.admit(1, [{}])
    await rig.live(nodeId, [['free/proven', 60]])
    const begun = silenceOf(await rig.state(nodeId), 'silent', rig.now + 2 * MINUTE)
    expect(begun?.silence).toMatchObject({
      unitId: null,
      fromMs: START_MS + MINUTE,
      toMs: null,
      code: runCode('unknown/silent'),
    })
    expect(begun?.closedWindows).toMatchObject([{ endMs: START_MS + MINUTE }])
  })

  test('also covers the way of a card that has moved and has nothing told of it here (C5)', async () => {
    const rig = new LedgerRig()
    const nodeId = await rig.admit(1, [{}])
    await rig.live(nodeId, [['busy/active', 60]])
    const state = await rig.state(nodeId)
    const moved = (bookedToMs: number) => ({
      ...state,
      units: state.units.map((unit) => ({
        ...unit,
        validToMs: START_MS + MINUTE,
        bookedToMs,
        validToReason: 'moved' as const,
      })),
    })
    expect(silenceOf(moved(START_MS + 3 * MINUTE), 'silent', rig.now)?.silence.fromMs).toBe(
      START_MS + MINUTE,
    )
    expect(silenceOf(moved(START_MS + MINUTE), 'silent', rig.now)).toBeNull()
  })

  test('is not declared twice', async () => {
    const rig = new LedgerRig()
    const nodeId = await rig.admit(1, [{}])
    await rig.live(nodeId, [['free/proven', 60]])
    await rig.declareSilent(nodeId)
    expect(silenceOf(await rig.state(nodeId), 'silent', rig.now)).toBeNull()
  })
})
