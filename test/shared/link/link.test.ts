import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AppError,
  encodeToNode,
  type FileSpool,
  FRAME_BYTES_MAX,
  keyPairFromSeed,
  Link,
  type LinkOptions,
  type LinkOwner,
  type LinkTimings,
  openFileSpool,
  type RefusedRecord,
  type Spool,
  type SpoolDisk,
  silentLogger,
  type TimeMeasure,
} from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { COLLECTOR_KEYS, COLLECTOR_URL, FakeCollector } from '../../support/fake-collector.ts'
import { SimNetwork } from '../../support/sim-socket.ts'

const NODE_KEYS = keyPairFromSeed(1, Buffer.alloc(32, 0x0d))

let directory: string
let clock: FakeClock
let network: SimNetwork
let collector: FakeCollector
let spool: FileSpool
let link: Link
let freeBytes: number
const seen: {
  refused: RefusedRecord[]
  times: TimeMeasure[]
  epochs: string[]
  needFacts: number
  welcomes: number
} = { refused: [], times: [], epochs: [], needFacts: 0, welcomes: 0 }

const owner: LinkOwner = {
  heartbeat: () => ({ samples: 1, freeUnits: Uint8Array.of(0xff) }),
  // The node's clock is 3 s behind the collector's.
  timelineNowMs: () => clock.wallMs() - 3000,
  onWelcome: () => {
    seen.welcomes += 1
  },
  onTime: (measure) => seen.times.push(measure),
  onRefused: (records) => seen.refused.push(...records),
  onNeedFacts: () => {
    seen.needFacts += 1
  },
  onNewEpoch: ({ before, after }) => {
    seen.epochs.push(`${before.epoch}>${after.epoch}`)
    append(1, 'first of the epoch')
  },
}

function createLink(options: Partial<LinkOptions> = {}, timings: Partial<LinkTimings> = {}): Link {
  return new Link({
    world: { clock, random: new FakeRandom(7), network },
    spool,
    owner,
    log: silentLogger,
    identity: {
      role: 'agent',
      nodeKeys: NODE_KEYS,
      fingerprint: 'ab'.repeat(32),
      bootId: 'boot-1',
      programVersion: '0.1.0',
      capabilities: [],
      enrollment: null,
    },
    target: { url: COLLECTOR_URL, ca: null, proxyUrl: null },
    collector: { algorithm: 1, publicKey: COLLECTOR_KEYS.publicKey },
    timings,
    ...options,
  })
}

function append(count: number, text = 'record'): void {
  const { lastSeq } = spool.state()
  spool.append(
    Array.from({ length: count }, (_, position) => ({
      bytes: Buffer.from(`${text} ${lastSeq + position + 1}`),
      timelineEndMs: clock.wallMs(),
    })),
  )
  link?.wake()
}

function committed(): readonly string[] {
  const epoch = collector.epoch(spool.state().epoch)
  return [...epoch.records.values()].map((bytes) => Buffer.from(bytes).toString())
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yiben-link-'))
  clock = new FakeClock()
  network = new SimNetwork({ clock, delayMs: () => 10 })
  collector = new FakeCollector(clock, network)
  freeBytes = 1e9
  const disk: SpoolDisk = { freeBytes: () => freeBytes }
  spool = openFileSpool({ directory, random: new FakeRandom(3), log: silentLogger, disk })
  link = createLink()
  Object.assign(seen, { refused: [], times: [], epochs: [], needFacts: 0, welcomes: 0 })
})

afterEach(() => {
  spool.close()
  rmSync(directory, { recursive: true, force: true })
  expect(collector.violations).toEqual([])
})

describe('sending', () => {
  test('what is in the spool arrives in order, and is acknowledged', async () => {
    append(3)
    void link.run()
    await clock.run(1000)
    expect(link.status().state).toBe('online')
    append(2)
    await clock.run(1000)
    expect(committed()).toEqual(['record 1', 'record 2', 'record 3', 'record 4', 'record 5'])
    expect(spool.state().ackedSeq).toBe(5)
    expect(link.status().unacknowledgedRecords).toBe(0)
  })

  test('a backlog goes within the window and everything arrives', async () => {
    collector.window = { windowFrames: 2, windowBytes: 20_000 }
    for (let batch = 0; batch < 20; batch += 1) append(100, 'x'.repeat(80))
    void link.run()
    await clock.run(10_000)
    expect(spool.state().ackedSeq).toBe(2000)
    expect(collector.batches.length).toBeGreaterThan(8)
  })

  test('records are marked as sent before their bytes leave (L15)', async () => {
    collector.habits = { isMute: true }
    append(3)
    void link.run()
    await clock.run(1000)
    expect(spool.state()).toMatchObject({ sentSeq: 3, ackedSeq: 0 })
  })

  test('lost acks and resending any suffix change nothing (L6)', async () => {
    for (let round = 0; round < 5; round += 1) {
      collector.habits = { isMute: round % 2 === 0 }
      append(4)
      if (round === 0) void link.run()
      await clock.run(5000)
      collector.pair?.cut()
      await clock.run(40_000)
    }
    collector.habits = {}
    append(1)
    await clock.run(60_000)
    expect(committed()).toHaveLength(21)
    expect(new Set(committed()).size).toBe(21)
    expect(spool.state().ackedSeq).toBe(21)
  })

  test('what a Welcome says was committed counts as acknowledged (L8)', async () => {
    collector.habits = { isMute: true }
    append(3)
    void link.run()
    await clock.run(1000)
    expect(spool.state().ackedSeq).toBe(0)
    collector.pair?.cut()
    await clock.run(10_000)
    expect(spool.state().ackedSeq).toBe(3)
    expect(collector.batches).toHaveLength(1)
  })

  test('refused records are acknowledged all the same, and told to the owner', async () => {
    collector.habits = { refusedSeqs: new Set([2]) }
    append(3)
    void link.run()
    await clock.run(1000)
    expect(seen.refused).toEqual([
      { seq: 2, code: 'record_out_of_range', sentence: 'utilization_sum is -5' },
    ])
    expect(spool.state().ackedSeq).toBe(3)
  })

  test('an ack beyond what was sent ends the connection (L16)', async () => {
    append(1)
    void link.run()
    await clock.run(1000)
    const ack = { refused: [], windowFrames: 0, windowBytes: 0, serverTimeMs: null }
    collector.send({ kind: 'ack', ack: { ...ack, watermark: 9 } })
    await clock.run(15)
    expect(link.status().state).toBe('waiting')
    expect(link.status().lastProblem?.code).toBe('message_unexpected')
    expect(spool.state().ackedSeq).toBe(1)
  })

  test('an ack that comes late with an older watermark changes nothing (L16)', async () => {
    append(2)
    void link.run()
    await clock.run(1000)
    const ack = { refused: [], windowFrames: 0, windowBytes: 0, serverTimeMs: null }
    collector.send({ kind: 'ack', ack: { ...ack, watermark: 1 } })
    await clock.run(100)
    expect(link.status().state).toBe('online')
    expect(spool.state().ackedSeq).toBe(2)
  })
})

describe('live messages', () => {
  test('heartbeats go out every 10 s, or as the collector sets (L17)', async () => {
    collector.habits = {
      welcome: (welcome) => ({
        ...welcome,
        settings: { ...welcome.settings, heartbeatMs: 2000 },
      }),
    }
    void link.run()
    await clock.run(21_000)
    const beats = collector.heard.filter((message) => message.kind === 'heartbeat')
    expect(beats).toHaveLength(10)
    expect(beats[0]?.heartbeat).toEqual({ samples: 1, freeUnits: Uint8Array.of(0xff) })
  })

  test('an event is told at once while online and not at all while offline (L17)', async () => {
    const event = { units: [3], kind: 'left_free', atMs: clock.wallMs() } as const
    link.say({ kind: 'event', event })
    void link.run()
    await clock.run(1000)
    link.say({ kind: 'event', event })
    await clock.run(11)
    expect(collector.heard.filter((message) => message.kind === 'event')).toEqual([
      { kind: 'event', event },
    ])
  })

  test('what the owner says first is heard before the first batch, once per connection (L18)', async () => {
    append(3)
    const leases = { kind: 'leases', leases: [] } as const
    link = createLink({ owner: { ...owner, onOnline: () => link.say(leases) } })
    link.say(leases)
    void link.run()
    await clock.run(1000)
    const kinds = collector.heard.map(({ kind }) => kind)
    expect(kinds.slice(0, 4)).toEqual(['hello', 'proof', 'leases', 'batch'])
    expect(kinds.filter((kind) => kind === 'leases')).toHaveLength(1)
    collector.socket?.terminate()
    await clock.run(60_000)
    expect(collector.heard.filter(({ kind }) => kind === 'leases')).toHaveLength(2)
    expect(collector.heard.filter(({ kind }) => kind === 'hello')).toHaveLength(2)
  })

  test('the offset of the collector is measured, half a round trip taken into account', async () => {
    append(1)
    void link.run()
    await clock.run(1000)
    expect(seen.times).toEqual([
      { offsetMs: 3000, uncertaintyMs: 10 },
      { offsetMs: 3000, uncertaintyMs: 10 },
    ])
  })

  test('a question for facts reaches the owner', async () => {
    void link.run()
    await clock.run(1000)
    collector.send({ kind: 'need_facts' })
    await clock.run(100)
    expect(seen.needFacts).toBe(1)
  })

  test('unknown messages are ignored (L5)', async () => {
    void link.run()
    await clock.run(1000)
    // Field 23 of ToNode, length-delimited, empty: reserved.
    collector.socket?.send(Uint8Array.of(0xba, 0x01, 0x00))
    await clock.run(100)
    expect(link.status().state).toBe('online')
  })

  test.each([
    ['garbage', Uint8Array.of(0xff, 0xff, 0xff), 'frame_undecodable'],
    ['an oversized frame', new Uint8Array(FRAME_BYTES_MAX + 1), 'frame_too_large'],
    [
      'a message out of its place',
      encodeToNode({
        kind: 'challenge',
        challenge: {
          nonce: new Uint8Array(32),
          serverTimeMs: 1,
          algorithm: 1,
          collectorKey: COLLECTOR_KEYS.publicKey,
          signature: new Uint8Array(64),
        },
      }),
      'message_unexpected',
    ],
  ])('%s ends the connection with a code, and the next one works (L5)', async (_, frame, code) => {
    void link.run()
    await clock.run(1000)
    collector.socket?.send(frame)
    await clock.run(15)
    expect(link.status()).toMatchObject({ state: 'waiting', lastProblem: { code } })
    await clock.run(60_000)
    expect(collector.closes[0]).toContain(code)
    append(1)
    await clock.run(1000)
    expect(spool.state().ackedSeq).toBe(1)
  })
})

describe('trust', () => {
  test('speaks to nobody but the collector it was enrolled with (L2, L4)', async () => {
    const impostor = keyPairFromSeed(1, Buffer.alloc(32, 0xbb))
    link = createLink({ collector: { algorithm: 1, publicKey: impostor.publicKey } })
    append(1)
    void link.run()
    await clock.run(60_000)
    expect(collector.heard.map((message) => message.kind)).toEqual(['hello'])
    expect(link.status()).toMatchObject({
      state: 'waiting',
      lastProblem: { code: 'collector_untrusted' },
    })
    await clock.run(600_000)
    expect(collector.hellos.length).toBeGreaterThan(1)
  })

  test('an impostor that knows the key but cannot sign gets nothing, and bans nobody (L4)', async () => {
    collector.habits = {
      challenge: (challenge) => ({ ...challenge, signature: new Uint8Array(64).fill(1) }),
    }
    void link.run()
    await clock.run(30_000)
    expect(link.status()).toMatchObject({
      state: 'waiting',
      lastProblem: { code: 'signature_invalid' },
    })
    const forever = { code: 'node_revoked', sentence: 'go away', retryAfterMs: 0 }
    const fork = { code: 'epoch_forked', sentence: 'begin anew', retryAfterMs: 0 }
    collector.habits = {
      refuseHello: () => (collector.hellos.length % 2 === 0 ? forever : fork),
    }
    await clock.run(1_200_000)
    expect(collector.hellos.length).toBeGreaterThan(2)
    expect(link.status().state).not.toBe('refused')
    expect(seen.epochs).toEqual([])
  })

  test('the enrollment secret is sent only after the challenge is verified (L2)', async () => {
    const secret = new Uint8Array(16).fill(9)
    link = createLink({
      identity: {
        role: 'agent',
        nodeKeys: NODE_KEYS,
        fingerprint: 'ab'.repeat(32),
        bootId: 'boot-1',
        programVersion: '0.1.0',
        capabilities: [],
        enrollment: { tokenId: '00112233aabbccdd', secret, nodeName: 'node-a' },
      },
    })
    collector.habits = {
      challenge: (challenge) => ({ ...challenge, signature: new Uint8Array(64).fill(1) }),
    }
    void link.run()
    await clock.run(1000)
    expect(collector.heard.map((message) => message.kind)).toEqual(['hello'])
    expect(collector.hellos[0]).toMatchObject({
      enrollTokenId: '00112233aabbccdd',
      nodeName: 'node-a',
    })
    collector.habits = {}
    await clock.run(400_000)
    const proof = collector.heard.find((message) => message.kind === 'proof')
    expect(proof?.proof.enrollSecret).toEqual(secret)
  })

  test('a collector of an older ledger generation is not followed (C15)', async () => {
    collector.generation = 5
    void link.run()
    await clock.run(1000)
    collector.generation = 4
    append(1)
    await clock.run(1000)
    collector.pair?.cut()
    append(1)
    await clock.run(30_000)
    expect(link.status().lastProblem?.code).toBe('collector_untrusted')
    expect(spool.state().ackedSeq).toBe(1)
    collector.generation = 5
    await clock.run(600_000)
    expect(spool.state().ackedSeq).toBe(2)
  })

  test('a node that is unknown shows the key before, once (L25)', async () => {
    const before = keyPairFromSeed(1, Buffer.alloc(32, 0x0e))
    let [keys, others] = [NODE_KEYS, 1]
    const takeOtherKey = () => {
      others -= 1
      keys = before
      return others >= 0
    }
    link = createLink({
      owner: { ...owner, takeOtherKey },
      identity: {
        role: 'agent',
        get nodeKeys() {
          return keys
        },
        ...{ fingerprint: 'ab'.repeat(32), bootId: 'boot-1', programVersion: '0.1.0' },
        ...{ capabilities: [], enrollment: null },
      },
    })
    const unknown = { code: 'node_unknown', sentence: 'enroll anew', retryAfterMs: 0 }
    collector.habits.refuseProof = () => unknown
    const running = link.run()
    await clock.run(600_000)
    expect(collector.hellos.map(({ nodeKey }) => nodeKey)).toEqual([
      ...[NODE_KEYS.publicKey, before.publicKey],
    ])
    expect(link.status().state).toBe('refused')
    await link.stop()
    await running
  })

  test('orders about keys are the owner’s, and belong after Welcome only', async () => {
    const kinds: string[] = []
    const onKeyMessage: LinkOwner['onKeyMessage'] = ({ kind }) => kinds.push(kind)
    link = createLink({ owner: { ...owner, onKeyMessage } })
    const running = link.run()
    await clock.run(1_000)
    const signature = new Uint8Array(64)
    const trustRoots = { version: 1, roots: [Uint8Array.of(1)], algorithm: 1, signature }
    collector.send({ kind: 'trust_roots', trustRoots })
    const key = 'ab'.repeat(32)
    const rotateKey = { nonce: 'cd'.repeat(16), oldKey: key, newKey: null, algorithm: 1, signature }
    collector.send({ kind: 'rotate_key', rotateKey })
    await clock.run(100)
    expect([kinds, link.status().state]).toEqual([['trust_roots', 'rotate_key'], 'online'])
    await link.stop()
    await running
  })

  test('a verified collector can refuse for good; for a while, it is asked again', async () => {
    const refusal = { code: 'overloaded', sentence: 'later', retryAfterMs: 50_000 }
    collector.habits = { refuseProof: () => refusal }
    void link.run()
    await clock.run(49_000)
    expect(collector.hellos).toHaveLength(1)
    await clock.run(10_000)
    expect(collector.hellos.length).toBeGreaterThan(1)
    collector.habits = {
      refuseProof: () => ({ ...refusal, code: 'node_revoked', retryAfterMs: 0 }),
    }
    await clock.run(200_000)
    expect(link.status()).toMatchObject({
      state: 'refused',
      lastProblem: { code: 'node_revoked' },
    })
    const hellos = collector.hellos.length
    await clock.run(86_400_000)
    expect(collector.hellos).toHaveLength(hellos)
  })

  test('the join state is durable before anything is sent, and shown next time (L14)', async () => {
    void link.run()
    await clock.run(1000)
    collector.pair?.cut()
    await clock.run(60_000)
    expect(collector.hellos.map((hello) => hello.joinState)).toEqual([0, 1])
  })
})

describe('disagreement', () => {
  test('a spool that was restored from an old copy is forked: a new epoch names it (L9)', async () => {
    append(5)
    void link.run()
    await clock.run(1000)
    const { epoch } = spool.state()
    // The collector has a record 5 this spool knows nothing of.
    const known = collector.epoch(epoch)
    known.hash = new Uint8Array(32).fill(1)
    collector.pair?.cut()
    append(2)
    await clock.run(60_000)
    expect(seen.epochs).toEqual([`${epoch}>${spool.state().epoch}`])
    expect(collector.hellos.at(-1)).toMatchObject({ previousEpoch: epoch })
    expect(known.isClosed).toBe(true)
    expect(committed()).toEqual(['first of the epoch 1'])
  })

  test('a collector that has more than the spool forks it as well', async () => {
    append(1)
    collector.epoch(spool.state().epoch).watermark = 9
    collector.epoch(spool.state().epoch).hash = new Uint8Array(32)
    void link.run()
    await clock.run(60_000)
    expect(seen.epochs).toHaveLength(1)
    expect(committed()).toEqual(['first of the epoch 1'])
  })

  test('a collector that was restored gets again what it acknowledged (L8)', async () => {
    append(6)
    void link.run()
    await clock.run(1000)
    expect(spool.state().ackedSeq).toBe(6)
    collector.epochs.clear()
    collector.generation += 1
    collector.pair?.cut()
    await clock.run(60_000)
    expect(committed()).toHaveLength(6)
    expect(seen.epochs).toEqual([])
  })

  test('a collector that asks for what is no longer kept gets a new epoch', async () => {
    append(6)
    void link.run()
    await clock.run(1000)
    spool.enforceLimits(clock.wallMs())
    spool.enforceLimits(clock.wallMs() + 3 * 86_400_000)
    collector.epochs.clear()
    collector.pair?.cut()
    await clock.run(60_000)
    expect(seen.epochs).toHaveLength(1)
    expect(committed()).toEqual(['first of the epoch 1'])
  })

  test('a collector that takes no epoch ends the link instead of looping (L9)', async () => {
    collector.habits = {
      refuseProof: () => ({ code: 'epoch_closed', sentence: 'closed', retryAfterMs: 0 }),
    }
    void link.run()
    await clock.run(3_600_000)
    expect(seen.epochs).toHaveLength(3)
    expect(link.status().state).toBe('refused')
  })
})

describe('bad connections', () => {
  test('a peer gone without a word is found and left (L10)', async () => {
    void link.run()
    await clock.run(1000)
    collector.pair?.halfOpen()
    await clock.run(30_000 + 5_000 - 1000)
    expect(link.status().state).toBe('online')
    await clock.run(5_000)
    expect(collector.hellos).toHaveLength(2)
    append(1)
    await clock.run(30_000)
    expect(spool.state().ackedSeq).toBe(1)
  })

  test('a quiet but living peer is kept: it answers pings (L10)', async () => {
    void link.run()
    await clock.run(600_000)
    expect(collector.hellos).toHaveLength(1)
    expect(link.status().state).toBe('online')
  })

  test('a collector that does not acknowledge is left (L11)', async () => {
    collector.habits = { isMute: true }
    append(1)
    void link.run()
    await clock.run(70_000)
    expect(collector.closes.some((reason) => reason.startsWith('idle_timeout'))).toBe(true)
  })

  test('a collector that takes the connection and says nothing is left in time', async () => {
    network.listen(COLLECTOR_URL, (socket) => socket.onFrame(() => {}))
    void link.run()
    await clock.run(10_100)
    expect(link.status().lastProblem?.code).toBe('handshake_timeout')
  })

  test('it backs off with jitter while nobody answers, and is back soon after (L12)', async () => {
    const dials: number[] = []
    const counting = {
      dial: (target: Parameters<SimNetwork['dial']>[0]) => {
        dials.push(clock.monotonicMs())
        return network.dial(target)
      },
    }
    network.unlisten(COLLECTOR_URL)
    link = createLink({ world: { clock, random: new FakeRandom(5), network: counting } })
    void link.run()
    await clock.run(7 * 86_400_000)
    const waits = dials.slice(1).map((atMs, position) => atMs - (dials[position] ?? 0))
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(200)
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_010)
    expect(dials.length).toBeLessThan((7 * 86_400) / 10)
    collector = new FakeCollector(clock, network)
    append(1)
    await clock.run(60_000)
    expect(spool.state().ackedSeq).toBe(1)
  })

  test('one that welcomes and hangs up at once is not dialled in a hurry (L12)', async () => {
    void link.run()
    for (let turn = 0; turn < 3600; turn += 1) {
      await clock.run(1000)
      if (link.status().state === 'online') collector.pair?.cut()
    }
    expect(collector.hellos.length).toBeGreaterThan(100)
    expect(collector.hellos.length).toBeLessThan(500)
  })

  test('a disk that cannot take the join state keeps the link from sending (L14)', async () => {
    let isFull = true
    const failing: Spool = {
      state: () => spool.state(),
      append: (entries) => spool.append(entries),
      read: (fromSeq, limit) => spool.read(fromSeq, limit),
      hashAt: (seq) => spool.hashAt(seq),
      markSent: (seq) => spool.markSent(seq),
      ack: (watermark) => spool.ack(watermark),
      rewind: (watermark) => spool.rewind(watermark),
      replaceUnsent: (fromSeq, entries) => spool.replaceUnsent(fromSeq, entries),
      newEpoch: () => spool.newEpoch(),
      getMeta: (key) => spool.getMeta(key),
      setMeta: (key, value) => {
        if (isFull) throw new AppError('disk_full', 'no space left')
        spool.setMeta(key, value)
      },
      enforceLimits: (nowMs) => spool.enforceLimits(nowMs),
      close: () => spool.close(),
    }
    link = createLink({ spool: failing })
    append(1)
    void link.run()
    await clock.run(10_000)
    expect(link.status()).toMatchObject({ state: 'waiting', lastProblem: { code: 'disk_full' } })
    expect(collector.batches).toEqual([])
    isFull = false
    await clock.run(400_000)
    expect(spool.state().ackedSeq).toBe(1)
  })

  test('a former connection changes nothing (L1)', async () => {
    append(1)
    void link.run()
    await clock.run(1000)
    const former = collector.socket
    collector.pair?.cut()
    await clock.run(30_000)
    former?.send(encodeToNode({ kind: 'drain', drain: { reconnectAfterMs: 1, jitterMs: 0 } }))
    former?.close({ code: 1000, reason: '' })
    await clock.run(1000)
    expect(link.status().state).toBe('online')
  })

  test('a full disk ends nothing: sending goes on when space returns (L14)', async () => {
    append(1)
    void link.run()
    await clock.run(1000)
    freeBytes = 0
    expect(() => append(1)).toThrow(expect.objectContaining({ code: 'disk_full' }))
    await clock.run(60_000)
    expect(link.status().state).toBe('online')
    freeBytes = 1e9
    append(1)
    await clock.run(1000)
    expect(spool.state().ackedSeq).toBe(2)
  })
})

describe('ends', () => {
  test('a drain waits for what is on the way, then comes back when told', async () => {
    append(1)
    void link.run()
    await clock.run(1000)
    append(1)
    collector.send({ kind: 'drain', drain: { reconnectAfterMs: 20_000, jitterMs: 0 } })
    await clock.run(10_000)
    expect(link.status().state).toBe('waiting')
    expect(spool.state().ackedSeq).toBe(2)
    expect(collector.hellos).toHaveLength(1)
    await clock.run(15_000)
    expect(collector.hellos).toHaveLength(2)
  })

  test('it stops after what is left is acknowledged (L13)', async () => {
    const run = link.run()
    await clock.run(1000)
    spool.append([{ bytes: Buffer.from('goodbye'), timelineEndMs: clock.wallMs() }])
    const stopped = link.stop()
    await clock.run(100)
    await Promise.all([run, stopped])
    expect(committed()).toEqual(['goodbye'])
    expect(link.status().state).toBe('stopped')
  })

  test('it stops within 3 s when nothing is acknowledged (L13)', async () => {
    collector.habits = { isMute: true }
    void link.run()
    await clock.run(1000)
    append(1)
    const stopped = link.stop()
    await clock.run(3001)
    await stopped
    expect(link.status().state).toBe('stopped')
  })

  test('it stops at once while waiting, dialing or before it began (L13)', async () => {
    network.unlisten(COLLECTOR_URL)
    void link.run()
    await clock.run(50)
    await link.stop()
    const second = createLink()
    void second.run()
    await second.stop()
    await createLink().stop()
    await clock.run(60_000)
    expect(collector.hellos).toEqual([])
  })
})
