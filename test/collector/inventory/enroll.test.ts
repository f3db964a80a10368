import { describe, expect, test } from 'vitest'
import { judgeJoin, REFUSALS } from '../../../collector/src/inventory/enroll.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { JOIN_STATE_ANY, type NodeRow } from '../../../collector/src/model/node.ts'

const node: NodeRow = {
  nodeId: 'n-0000000000000001' as NodeId,
  name: 'node-1',
  siteCode: 'SITE-1',
  algorithm: 1,
  publicKey: 'ab',
  fingerprint: 'f1',
  joinState: 20,
  previousJoinState: 10,
  status: 'active',
  enrolledAtMs: 0,
}
const hello = { fingerprint: 'f1', joinState: 20, bootId: 'boot-2' }

describe('a hello', () => {
  const rows: readonly (readonly [string, Parameters<typeof judgeJoin>, object])[] = [
    [
      'of a node in good order is admitted',
      [hello, node, ['boot-2']],
      { status: 'admitted', isReboot: false },
    ],
    [
      'after a reboot is admitted as one (C1)',
      [hello, node, ['boot-1']],
      { status: 'admitted', isReboot: true },
    ],
    [
      'with the last but one join state is admitted',
      [{ ...hello, joinState: 10 }, node, []],
      { status: 'admitted', isReboot: false },
    ],
    [
      'with an older join state is a clone (C10)',
      [{ ...hello, joinState: 5 }, node, []],
      { status: 'clone', reason: 'old_join_state' },
    ],
    [
      'with a join state of the future is a clone',
      [{ ...hello, joinState: 30 }, node, []],
      { status: 'clone', reason: 'old_join_state' },
    ],
    [
      'with any join state is admitted once after a restore (R6)',
      [{ ...hello, joinState: 30 }, { ...node, joinState: JOIN_STATE_ANY }, []],
      { status: 'admitted', isReboot: false },
    ],
    [
      'from another machine is a clone after a restore, too (R6)',
      [{ ...hello, fingerprint: 'f2' }, { ...node, joinState: JOIN_STATE_ANY }, []],
      { status: 'clone', reason: 'other_fingerprint' },
    ],
    [
      'from another machine is a clone (C10)',
      [{ ...hello, fingerprint: 'f2' }, node, []],
      { status: 'clone', reason: 'other_fingerprint' },
    ],
    [
      'of a boot that another one has followed is a clone (C10)',
      [hello, node, ['boot-2', 'boot-3']],
      { status: 'clone', reason: 'old_join_state' },
    ],
    [
      'of a revoked node is refused, whatever machine it is',
      [{ ...hello, fingerprint: 'f2' }, { ...node, status: 'revoked' }, []],
      { status: 'node_revoked' },
    ],
    ['of nobody known is refused', [hello, null, []], { status: 'node_unknown' }],
  ]
  test.each(rows)('%s', (_name, args, expected) => {
    expect(judgeJoin(...args)).toEqual(expected)
  })

  test('is refused with a sentence, and no clone comes back by itself', () => {
    for (const row of Object.values(REFUSALS)) expect(row.sentence.length).toBeGreaterThan(20)
    expect(REFUSALS.node_clone.retryAfterMs).toBe(0)
    expect(REFUSALS.store_unavailable.retryAfterMs).toBeGreaterThan(0)
  })
})
