/** What the gateway counts is bounded, whatever comes from outside. */
import { ERROR_CODES } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { GatewayCounts } from '../../../collector/src/gateway/counts.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { createSimPair } from '../../support/sim-socket.ts'
import { CollectorRig, cardFacts, flush, MINUTE } from './rig.ts'

function countOf(counts: GatewayCounts, phase: string, code: string): number | undefined {
  return counts.ended.rows().find(({ labels }) => labels.phase === phase && labels.code === code)
    ?.count
}

test('an end in words of the other side is one row, however many words there are', () => {
  const counts = new GatewayCounts()
  const before = counts.ended.rows().length
  for (let number = 0; number < 1_000; number += 1) counts.linkEnded('open', `made up ${number}`)
  counts.linkEnded('open', 'idle_timeout')
  expect(counts.ended.rows()).toHaveLength(before + 2)
  expect(countOf(counts, 'open', 'other')).toBe(1_000)
  expect(countOf(counts, 'open', 'idle_timeout')).toBe(1)
})

test('refusals are there at 0 from the start, so that the first is an increase', () => {
  const counts = new GatewayCounts()
  expect(countOf(counts, 'handshake', 'node_clone')).toBe(0)
  const codes = counts.refused.rows().map(({ labels }) => labels.code)
  expect(codes).toEqual(ERROR_CODES.filter((code) => code.startsWith('record_')))
  counts.acknowledged(null, [
    { seq: 1, code: 'record_future', sentence: '' },
    { seq: 2, code: 'not a code', sentence: '' },
  ])
  const refused = counts.refused.rows().filter(({ count }) => count > 0)
  expect(refused).toEqual([
    { labels: { code: 'record_future' }, count: 1 },
    { labels: { code: 'other' }, count: 1 },
  ])
  expect(counts.acks.view().count).toBe(0)
})

describe('a gateway', () => {
  test('counts records that came, their acknowledgements, and a link that ended', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin([cardFacts(0, 1)], 'free/proven', 3)
    const { counts } = rig.gateway
    expect(counts.received).toBe(agent.records.length)
    expect(counts.acks.view().count).toBeGreaterThan(0)
    expect(rig.ingest.commitTimes().count).toBeGreaterThan(0)
    rig.gateway.end(agent.nodeId as NodeId, 'node_revoked', 'revoked')
    await flush()
    expect(countOf(counts, 'open', 'node_revoked')).toBe(1)
  })

  test('counts what it turns away before it is a link', async () => {
    const limits = { connectionsMax: 0, handshakesPerAddressMax: 1 }
    const { clock, gateway } = new CollectorRig({ limits })
    expect(gateway.admit('192.0.2.2').status).toBe('refused')
    gateway.accept(createSimPair({ clock }).server)
    expect(countOf(gateway.counts, 'admission', 'connection_limit')).toBe(2)
  })

  test('the ledger is as far behind as the node that has told least lately', async () => {
    const rig = new CollectorRig()
    const [first, second] = [await rig.join(1), await rig.join(2)]
    expect(rig.ingest.lag(rig.clock.wallMs())).toEqual({ nodes: 0, lagging: 0, maxMs: null })
    await first.begin([cardFacts(0, 1)], 'free/proven', 3)
    await second.begin([cardFacts(0, 2)], 'free/proven', 3)
    const toldToMs = Math.min(first.timelineEndMs, second.timelineEndMs)
    const nowMs = toldToMs + 4 * MINUTE
    expect(rig.ingest.lag(nowMs)).toEqual({ nodes: 2, lagging: 0, maxMs: 4 * MINUTE })
    expect(rig.ingest.lag(nowMs + 2 * MINUTE)).toMatchObject({ lagging: 1 })
    expect(rig.ingest.lag(nowMs + 10 * MINUTE)).toMatchObject({ lagging: 2 })
    rig.gateway.end(first.nodeId as NodeId, 'node_revoked', 'revoked')
    await flush()
    expect(rig.ingest.lag(nowMs).nodes).toBe(1)
  })
})
