/** Nodes at another collector: heard when that one heard them, suspended when nobody does. */
import { createLogger } from '@yiben/shared'
import { expect, test } from 'vitest'
import { Elsewhere } from '../../../collector/src/cluster/elsewhere.ts'
import { Reach } from '../../../collector/src/cluster/reach.ts'
import { Liveness } from '../../../collector/src/inventory/liveness.ts'
import type { NodeId, SessionGeneration } from '../../../collector/src/model/ids.ts'
import type { LendingAnswer, LendingQuestion } from '../../../collector/src/model/node-link.ts'
import type { HeardElsewhere } from '../../../collector/src/storage/members.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const NODE = 'n-1' as NodeId
const QUESTION: LendingQuestion = { nodeId: NODE, unitIds: [], startMs: 0, untilMs: 1 }

function heardAt(instance: string, change: Partial<HeardElsewhere> = {}): HeardElsewhere {
  return {
    ...{ nodeId: NODE, generation: 3 as SessionGeneration, siteCode: 'BJ-01' },
    ...{ remoteAddress: '10.0.0.1', instance, heardAgoMs: 2_000, isConnected: true },
    ...{ endedReason: null, clockOffsetMs: 40 },
    ...change,
  }
}

function rig() {
  const clock = new FakeClock()
  const log = createLogger('silent')
  let rows: readonly HeardElsewhere[] = []
  const liveness = new Liveness({
    store: {
      listNodes: async () => ({ rows: [], nextCursor: null }),
      loadNode: async () => null,
      beginSilences: async () => {},
    },
    ...{ clock, log, listener: { onSilent: () => {}, onChange: () => {} } },
  })
  const connected: NodeId[] = []
  const elsewhere = new Elsewhere({
    members: { heardElsewhere: async () => rows },
    ...{ clock, log, liveness: () => liveness },
    onConnected: (nodeId) => connected.push(nodeId),
  })
  const service = elsewhere.service()
  const running = service.run()
  return {
    ...{ clock, connected, elsewhere, liveness },
    /** These are read from now on, for so long. */
    look: async (now: readonly HeardElsewhere[], forMs = 1_000) => {
      rows = now
      for (let passed = 0; passed < forMs; passed += 1_000) {
        await clock.run(1_000)
        await liveness.judge()
      }
    },
    stop: async () => {
      await service.stop()
      await running
    },
  }
}

test('is heard for as long as another collector hears it, however long that is', async () => {
  const { connected, elsewhere, liveness, look, stop } = rig()
  await look([heardAt('two')], 120_000)
  expect(liveness.isSuspended(NODE)).toBe(false)
  expect(liveness.clockOffsetMs(NODE)).toBe(40)
  expect(elsewhere.instanceOf(NODE)).toBe('two')
  expect(connected).toEqual([NODE])
  // Not heard there any more: its age counts, not the look.
  await look([heardAt('two', { heardAgoMs: 31_000 })], 31_000)
  expect(liveness.isSuspended(NODE)).toBe(true)
  await stop()
})

test('is asked where its latest session is', async () => {
  const { connected, elsewhere, liveness, look, stop } = rig()
  await look([heardAt('two')])
  await look([heardAt('three', { generation: 4 as SessionGeneration })])
  // Read late.
  await look([heardAt('two')])
  expect(elsewhere.instanceOf(NODE)).toBe('three')
  expect(connected).toEqual([NODE, NODE])
  await look([heardAt('three', { generation: 4 as SessionGeneration, isConnected: false })])
  expect(elsewhere.instanceOf(NODE)).toBeNull()
  // It is here now, as far as others know.
  await look([])
  expect(liveness.clockOffsetMs(NODE)).toBeNull()
  await stop()
})

test('questions go to the process that has the node, and here first', async () => {
  const accepted: LendingAnswer = { status: 'accepted', sampledAtMs: 1, isFenced: true }
  const asked: string[] = []
  const post = {
    ask: async (receiver: string, topic: string) => {
      asked.push(`${receiver} ${topic}`)
      return receiver === 'two' ? accepted : null
    },
  }
  let isOpen = false
  const own = {
    isOpen: () => isOpen,
    ask: async () => ({ status: 'unreachable' }) as const,
    notify: async () => false,
  }
  let instance: string | null = 'two'
  const reach = new Reach(own, post, () => instance)
  expect(await reach.ask(QUESTION)).toEqual(accepted)
  instance = 'dead'
  expect(await reach.ask(QUESTION)).toEqual({ status: 'unreachable' })
  isOpen = true
  expect(await reach.ask(QUESTION)).toEqual({ status: 'unreachable' })
  instance = null
  isOpen = false
  expect(await reach.ask(QUESTION)).toEqual({ status: 'unreachable' })
  expect(asked).toEqual(['two lease_ask', 'dead lease_ask'])
})
