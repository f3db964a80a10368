import { type Duplex, encodeToCollector, FRAME_BYTES_MAX } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { CollectorRig, cardFacts, flush, HOUR, MINUTE, RigAgent, SECOND } from './rig.ts'

describe('joining', () => {
  test('a token admits a node once, and a retry with the same key uses nothing up', async () => {
    const rig = new CollectorRig()
    const token = await rig.token('SITE-1', 1)
    const agent = new RigAgent(rig, 1)
    expect(await agent.connect(token)).toBe('welcome')
    expect(agent.nodeId).toMatch(/^n-[0-9a-f]{16}$/)
    const nodeId = agent.nodeId
    expect(await agent.connect(token)).toBe('welcome')
    expect(agent.nodeId).toBe(nodeId)
    expect(await new RigAgent(rig, 2).connect(token)).toBe('token_used_up')
  })

  const refusals: readonly (readonly [string, string, (rig: CollectorRig) => Promise<string>])[] = [
    [
      'an unknown token',
      'token_unknown',
      (rig) => new RigAgent(rig, 1).connect({ id: 'ab'.repeat(8), secret: new Uint8Array(16) }),
    ],
    [
      'an expired token',
      'token_expired',
      async (rig) => {
        const token = await rig.token('SITE-1', 1, 1000)
        await rig.run(2000)
        return new RigAgent(rig, 1).connect(token)
      },
    ],
    [
      'a node without a token that nobody knows',
      'node_unknown',
      (rig) => new RigAgent(rig, 1).connect(),
    ],
    [
      'a wrong signature',
      'signature_invalid',
      async (rig) =>
        new RigAgent(rig, 1).connect(await rig.token('SITE-1', 1), { spoilProof: true }),
    ],
    [
      'a wire of the far future',
      'protocol_version',
      (rig) => new RigAgent(rig, 1).connect(null, { hello: { wireVersion: 99 } }),
    ],
    [
      'a suite nobody has',
      'algorithm_unknown',
      (rig) => new RigAgent(rig, 1).connect(null, { hello: { algorithm: 77 } }),
    ],
    [
      'a node that has met a newer ledger (R6)',
      'collector_untrusted',
      (rig) => new RigAgent(rig, 1).connect(null, { hello: { ledgerGeneration: 2 } }),
    ],
    [
      'a collector that has not enrolled as a child',
      'node_unknown',
      (rig) => new RigAgent(rig, 1).connect(null, { hello: { role: 'collector' } }),
    ],
  ]
  test.each(refusals)('%s is refused with %s', async (_name, code, attempt) => {
    const rig = new CollectorRig()
    expect(await attempt(rig)).toBe(code)
    expect(rig.gateway.connectionCount()).toBe(0)
  })

  test('a wrong signature uses no token up', async () => {
    const rig = new CollectorRig()
    const token = await rig.token('SITE-1', 1)
    await new RigAgent(rig, 1).connect(token, { spoilProof: true })
    expect(await new RigAgent(rig, 2).connect(token)).toBe('welcome')
  })

  test('the identity key is handed down at enrollment only', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    const welcome = () => agent.received.find((message) => message.kind === 'welcome')
    expect(welcome()).toMatchObject({ welcome: { identityKey: { number: 1 } } })
    await agent.connect()
    expect(welcome()).toMatchObject({ welcome: { identityKey: null } })
  })
})

describe('copies and reboots', () => {
  test('a reboot is no clone: it replaces its old session at once (C1)', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    const old = agent.pair
    agent.bootId = 'boot-2'
    agent.instance = 'dd'.repeat(16)
    expect(await agent.connect()).toBe('welcome')
    expect(rig.gateway.sessionCount()).toBe(1)
    expect(old?.server.traffic().sentBytes).toBeGreaterThan(0)
    expect(rig.gateway.connectionCount()).toBe(1)
  })

  test('one disk on many machines: all but the first are clones, and are told what to do (C10)', async () => {
    const rig = new CollectorRig()
    const first = await rig.join(1)
    const outcomes = new Set<string>()
    for (let copy = 0; copy < 20; copy += 1) {
      const clone = new RigAgent(rig, 1)
      clone.fingerprint = (0xc0 + copy).toString(16).padStart(64, '0')
      clone.bootId = `boot-of-copy-${copy}`
      outcomes.add(await clone.connect(null, { hello: { joinState: first.joinState } }))
      const refusal = clone.received.find((message) => message.kind === 'refusal')
      expect(refusal).toMatchObject({ refusal: { retryAfterMs: 0 } })
      expect(JSON.stringify(refusal)).toContain('enroll this machine anew')
    }
    expect([...outcomes]).toEqual(['node_clone'])
    expect(rig.gateway.sessionCount()).toBe(1)
    expect((await rig.store.readQuality({ regions: 'all', sites: 'all' }, 0)).clones.length).toBe(
      20,
    )
    expect(first.closed).toBeNull()
  })

  test('an old copy of the same disk is told by its join state (C10)', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    const old = agent.joinState
    await agent.connect()
    await agent.connect()
    expect(await agent.connect(null, { hello: { joinState: old } })).toBe('node_clone')
  })

  test('a Welcome that never arrived is no reason to call a node a clone', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    const before = agent.joinState
    await agent.connect()
    expect(await agent.connect(null, { hello: { joinState: before } })).toBe('welcome')
  })

  test('nor are many in a row: a slow line loses one Welcome after another', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    const hello = { joinState: agent.joinState }
    for (let lost = 0; lost < 5; lost += 1) {
      expect(await agent.connect(null, { hello })).toBe('welcome')
    }
  })

  test('two machines with one fingerprint taking turns are found by their boots (C10)', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    const copied = agent.joinState
    expect(await agent.connect(null, { hello: { bootId: 'boot-b', joinState: copied } })).toBe(
      'welcome',
    )
    expect(await agent.connect(null, { hello: { bootId: 'boot-1' } })).toBe('node_clone')
  })

  test('a second process on one spool is refused while the first answers', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    const second = new RigAgent(rig, 1)
    second.joinState = agent.joinState
    second.instance = 'dd'.repeat(16)
    expect(await second.connect()).toBe('conflict')
    expect(agent.closed).toBeNull()
  })

  test('a process that was killed takes the place of its dead socket after a ping', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    agent.pair?.halfOpen()
    const next = new RigAgent(rig, 1)
    next.joinState = agent.joinState
    next.instance = 'dd'.repeat(16)
    expect(await next.connect()).toBe('nothing')
    await rig.run(6 * SECOND)
    expect(next.outcome()).toBe('welcome')
    expect(rig.gateway.sessionCount()).toBe(1)
  })
})

describe('frames', () => {
  const broken: readonly (readonly [string, string, Uint8Array])[] = [
    ['garbage', 'frame_undecodable', Uint8Array.of(0xff, 0xff, 0xff, 0x01)],
    ['a frame that is too large', 'frame_too_large', new Uint8Array(FRAME_BYTES_MAX + 1)],
    ['a hello in the middle', 'message_unexpected', new Uint8Array(0)],
  ]
  test.each(broken)('%s ends the connection with %s, and no other', async (_name, code, frame) => {
    const rig = new CollectorRig()
    const other = await rig.join(2)
    const agent = await rig.join(1)
    const hello = encodeToCollector({ kind: 'hello', hello: agent.hello() })
    agent.pair?.client.send(frame.length === 0 ? hello : frame)
    rig.clock.advance(2)
    await flush()
    expect(agent.outcome()).toBe(code === 'message_unexpected' ? 'message_unexpected' : code)
    expect(other.closed).toBeNull()
    expect(rig.gateway.sessionCount()).toBe(1)
  })

  test('a batch before the proof is not due', async () => {
    const rig = new CollectorRig()
    const agent = new RigAgent(rig, 1)
    agent.dial()
    agent.keepGap(rig.clock.wallMs(), 'epoch')
    agent.sendBatchNow(1, 1)
    rig.clock.advance(2)
    await flush()
    expect(agent.outcome()).toBe('message_unexpected')
  })

  test('an unknown message is ignored', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    // Field 20 of the envelope: reserved for a later version.
    agent.pair?.client.send(Uint8Array.of(0xa2, 0x01, 0x00))
    rig.clock.advance(2)
    await flush()
    expect(agent.closed).toBeNull()
  })

  test('an event makes the bank look at once', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    agent.send({
      kind: 'event',
      event: { units: [0], kind: 'left_free', atMs: rig.clock.wallMs() },
    })
    rig.clock.advance(2)
    await flush()
    expect(rig.events).toEqual([agent.nodeId])
  })

  test('more than the window ends the connection', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    agent.keepGap(rig.clock.wallMs(), 'epoch')
    agent.keepFacts([cardFacts(0, 1)])
    await agent.sendBatch()
    for (let seq = 0; seq < 20; seq += 1) agent.keepTicks('free/proven', 1, SECOND)
    for (let seq = 3; seq <= 22; seq += 1) agent.sendBatchNow(seq, seq)
    rig.clock.advance(1)
    await flush()
    rig.clock.advance(1)
    expect(agent.outcome()).toBe('window_exceeded')
  })
})

describe('the line', () => {
  test('no proof within the time for a handshake', async () => {
    const rig = new CollectorRig({ timings: { handshakeMs: 5 * SECOND } })
    await rig.start()
    const agent = new RigAgent(rig, 1)
    agent.dial()
    await rig.run(7 * SECOND)
    expect(agent.outcome()).toBe('handshake_timeout')
    expect(rig.gateway.connectionCount()).toBe(0)
  })

  test('a silent line is pinged, and dropped when nothing answers', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const alive = await rig.join(1)
    const dead = await rig.join(2)
    dead.pair?.halfOpen()
    await rig.run(40 * SECOND)
    expect(alive.closed).toBeNull()
    expect(rig.gateway.sessionCount()).toBe(1)
  })

  test('stopping closes with draining and ends the rows', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await rig.gateway.stop()
    rig.clock.advance(2)
    expect(agent.outcome()).toBe('draining')
    const row = await rig.store.findNode({ regions: 'all', sites: 'all' }, agent.nodeId)
    expect(row?.session).toMatchObject({ isConnected: false, endedReason: 'draining' })
  })

  const ANYWHERE = { regions: 'all', sites: 'all' } as const

  test('a revoked node is out at once, silent from its last proof, and does not come back', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const agent = await rig.join(1)
    await agent.begin([cardFacts(0, 1)], 'free/proven', 2)
    const other = await rig.join(2)
    const nodeId = agent.nodeId as NodeId
    await rig.store.revokeNode({ nodeId, atMs: rig.clock.wallMs(), outbox: [] })
    rig.gateway.end(nodeId, 'node_revoked', 'revoked')
    rig.liveness.revoked(nodeId)
    expect(rig.liveness.isSuspended(nodeId)).toBe(true)
    await rig.run(2 * SECOND)
    expect([agent.outcome(), other.closed]).toEqual(['node_revoked', null])
    expect(rig.silent).toEqual([nodeId])
    const row = await rig.store.findNode(ANYWHERE, nodeId)
    expect(row?.session).toMatchObject({ isConnected: false, endedReason: 'node_revoked' })
    expect(await agent.connect()).toBe('node_revoked')
    expect(rig.gateway.sessionCount()).toBe(1)
  })

  test('a node revoked by another process is fenced at its next word', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    await agent.begin([cardFacts(0, 1)], 'free/proven', 1)
    const nodeId = agent.nodeId as NodeId
    const before = await rig.state(nodeId)
    await rig.store.revokeNode({ nodeId, atMs: rig.clock.wallMs(), outbox: [] })
    await agent.live('free/proven', 1)
    expect(agent.outcome()).toBe('session_fenced')
    expect((await rig.state(nodeId)).open?.timelineEndMs).toBe(before.open?.timelineEndMs)
    expect(await agent.connect()).toBe('node_revoked')
  })

  test('a drain tells every agent to come back, which is no loss', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    rig.gateway.drain(5000)
    rig.clock.advance(2)
    expect(agent.received.at(-1)).toMatchObject({
      kind: 'drain',
      drain: { reconnectAfterMs: 5000 },
    })
  })

  test('the row of a session says when it was last heard, and its clock offset', async () => {
    const rig = new CollectorRig()
    await rig.start()
    const agent = await rig.join(1)
    await agent.begin([cardFacts(0, 1)], 'free/proven', 2)
    await rig.run(11 * SECOND)
    const row = await rig.store.findNode({ regions: 'all', sites: 'all' }, agent.nodeId)
    expect(row?.session?.lastHeardMs).toBeGreaterThan(rig.clock.wallMs() - MINUTE)
    expect(row?.session?.clockOffsetMs).toBe(0)
  })

  test('a node whose clock is ahead shows it', async () => {
    const rig = new CollectorRig()
    const agent = await rig.join(1)
    agent.timelineEndMs += 7 * SECOND
    agent.keepGap(agent.timelineEndMs, 'epoch')
    agent.keepFacts([cardFacts(0, 1)])
    await agent.sendBatch()
    await agent.live('free/proven', 1)
    const offsetMs = rig.liveness.clockOffsetMs(agent.nodeId as NodeId) ?? 0
    expect(offsetMs).toBeLessThan(-6 * SECOND)
    expect(offsetMs).toBeGreaterThan(-8 * SECOND)
  })
})

/** The end of a connection whose other side never says a word. */
function silentSocket(remoteAddress: string, onClosed: (reason: string) => void): Duplex {
  return {
    remoteAddress,
    send: () => {},
    bufferedBytes: () => 0,
    ping: () => {},
    close: ({ reason }) => onClosed(reason),
    terminate: () => {},
    onFrame: () => {},
    onPong: () => {},
    onClose: () => {},
    traffic: () => ({ sentBytes: 0, receivedBytes: 0 }),
  }
}

describe('connections', () => {
  test('500 nodes behind one address enroll and connect within a minute (C25)', async () => {
    const rig = new CollectorRig({
      limits: { connectionsMax: 10_000, handshakesPerAddressMax: 100 },
    })
    const token = await rig.token('SITE-1', 500, HOUR)
    const outcomes = new Map<string, number>()
    for (let number = 1; number <= 500; number += 1) {
      const agent = new RigAgent(rig, number)
      agent.address = '203.0.113.7'
      const outcome = await agent.connect(token)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect(outcomes).toEqual(new Map([['welcome', 500]]))
    expect(rig.gateway.sessionCount()).toBe(500)
  })

  test('10,000 unproven handshakes of one address are not let in, and others are (C25)', async () => {
    const rig = new CollectorRig({
      limits: { connectionsMax: 10_000, handshakesPerAddressMax: 100 },
    })
    const closed: string[] = []
    for (let attempt = 0; attempt < 10_000; attempt += 1) {
      rig.gateway.accept(silentSocket('203.0.113.7', (reason) => closed.push(reason)))
    }
    expect(closed.length).toBe(9_900)
    expect(closed.every((reason) => reason.startsWith('handshake_limit'))).toBe(true)
    expect(rig.gateway.admit('203.0.113.7')).toMatchObject({ code: 'handshake_limit' })
    expect(await (await rig.join(2)).outcome()).toBe('welcome')
  })

  test('more connections than there may be are refused with a code', async () => {
    const rig = new CollectorRig({ limits: { connectionsMax: 2, handshakesPerAddressMax: 100 } })
    await rig.join(1)
    await rig.join(2)
    expect(rig.gateway.admit('10.9.9.9')).toMatchObject({ code: 'connection_limit' })
    const third = new RigAgent(rig, 3)
    expect(await third.connect()).toBe('connection_limit')
  })

  test('a server out of file descriptors is reported and goes on', () => {
    const rig = new CollectorRig()
    const handlers: ((error: Error) => void)[] = []
    rig.gateway.watchAcceptErrors({ on: (_event, handler) => handlers.push(handler) })
    for (let times = 0; times < 5; times += 1) {
      for (const handler of handlers)
        handler(Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
    }
    expect(handlers.length).toBe(1)
    expect(rig.log.of('error').length).toBe(1)
    expect(rig.log.of('error')[0]).toContain('limits.connections')
  })
})
