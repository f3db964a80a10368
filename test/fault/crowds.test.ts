/**
 * Many at once (C25) and more than the process has descriptors for: who belongs here gets in, who
 * does not is refused with a reason, and whoever is connected already notices nothing.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  ALGORITHM_ED25519,
  encodeRecord,
  keyPairFromSeed,
  LINK_PATH,
  Link,
  linkUrlOf,
  parseEnrollmentToken,
  SUBPROTOCOL,
  silentLogger,
} from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { createRealWorld } from '../../shared/src/real-world.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { MemorySpool } from '../support/memory-spool.ts'
import { until } from '../support/program.ts'
import { RawNode } from '../support/raw-node.ts'

const MINUTE_MS = 60_000
const NODES = 500
const KNOCKS = 10_000
const KNOCKS_AT_ONCE = 100
/** A collector of this test at rest has some forty files open. */
const DESCRIPTORS = 128

const real = createRealWorld()

/** One node of a crowd: a link over a spool in memory, with one record to be acknowledged. */
function member(url: string, enrollment: string, at: number): { link: Link; spool: MemorySpool } {
  const token = parseEnrollmentToken(enrollment)
  const spool = new MemorySpool()
  const nowMs = Date.now()
  const goodbye = { kind: 'goodbye', goodbye: { atMs: nowMs, reason: 'stop' } } as const
  spool.append([{ bytes: encodeRecord(goodbye), timelineEndMs: nowMs }])
  const link = new Link({
    world: real,
    spool,
    log: silentLogger,
    target: { url: linkUrlOf(url), ca: null, proxyUrl: null },
    collector: { algorithm: token.algorithm, publicKey: token.collectorKey },
    identity: {
      role: 'agent',
      nodeKeys: keyPairFromSeed(ALGORITHM_ED25519, real.random.bytes(32)),
      fingerprint: at.toString(16).padStart(64, '0'),
      bootId: `boot-${at}`,
      programVersion: '0.1.0',
      capabilities: [],
      enrollment: { tokenId: token.id, secret: token.secret, nodeName: `node-${at}` },
    },
    owner: {
      heartbeat: () => ({ samples: 0, freeUnits: new Uint8Array(0) }),
      timelineNowMs: () => null,
      onWelcome: () => {},
      onTime: () => {},
      onRefused: () => {},
      onNeedFacts: () => {},
      onNewEpoch: () => {},
    },
  })
  return { link, spool }
}

/** Asks for an upgrade from `localAddress` and never says who it is; resolves with the status line. */
async function knock(port: number, localAddress: string, held: Socket[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, localAddress })
  held.push(socket)
  socket.on('error', () => {})
  socket.write(
    [
      `GET ${LINK_PATH} HTTP/1.1`,
      'host: x',
      'connection: Upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
      `sec-websocket-protocol: ${SUBPROTOCOL}`,
      '\r\n',
    ].join('\r\n'),
  )
  const [answer] = await Promise.race([once(socket, 'data'), once(socket, 'close')])
  return answer instanceof Buffer ? (answer.toString('utf8').split('\r\n')[0] ?? '') : 'closed'
}

/** A node that is there already: its records are acknowledged, before and after. */
async function expectAcknowledged(node: RawNode): Promise<void> {
  node.send([{ kind: 'goodbye', goodbye: { atMs: Date.now(), reason: 'stop' } }])
  expect(await node.next()).toMatchObject({ kind: 'ack', ack: { watermark: node.lastSeq } })
}

describe('many at once', () => {
  test(`C25: ${NODES} nodes behind one address enroll and connect within a minute`, async () => {
    await using world = new E2eWorld()
    await world.collector.start()
    const token = await world.collector.enrollmentToken(NODES)
    const members = Array.from({ length: NODES }, (_, at) => member(world.collector.url, token, at))
    const runs = members.map(({ link }) => link.run())
    try {
      await until(
        'all are acknowledged',
        () => (members.every(({ spool }) => spool.state().ackedSeq === 1) ? true : null),
        MINUTE_MS,
      )
      const { body } = await world.collector.get('/v1/nodes?limit=500')
      expect(body.nodes).toHaveLength(NODES)
    } finally {
      await Promise.all(members.map(({ link }) => link.stop()))
      await Promise.all(runs)
    }
  }, 90_000)

  test(`C25: of ${KNOCKS} handshakes of one address without a proof most are refused, others get in`, async () => {
    await using world = new E2eWorld()
    await world.collector.start()
    const token = await world.collector.enrollmentToken(2)
    using neighbour = new RawNode(world.collector.url)
    await neighbour.enroll(token)
    const held: Socket[] = []
    const answers = new Map<string, number>()
    try {
      for (let done = 0; done < KNOCKS; done += KNOCKS_AT_ONCE) {
        const lines = await Promise.all(
          Array.from({ length: KNOCKS_AT_ONCE }, () =>
            knock(world.collector.port, '127.0.0.2', held),
          ),
        )
        for (const line of lines) answers.set(line, (answers.get(line) ?? 0) + 1)
        if (done % 2_000 === 0) await expectAcknowledged(neighbour)
      }
      expect(answers.get('HTTP/1.1 503 Refused')).toBeGreaterThanOrEqual(KNOCKS - 1_100)
      using late = new RawNode(world.collector.url)
      await late.enroll(token)
      await expectAcknowledged(late)
      await expectAcknowledged(neighbour)
    } finally {
      for (const socket of held) socket.destroy()
    }
  }, 90_000)

  test('out of file descriptors it refuses, says so, and serves who is there', async () => {
    await using world = new E2eWorld()
    await world.collector.start({}, `ulimit -n ${DESCRIPTORS} && exec "$@"`)
    const token = await world.collector.enrollmentToken(2)
    using neighbour = new RawNode(world.collector.url)
    await neighbour.enroll(token)
    const held: Socket[] = []
    try {
      for (let at = 0; at < 3 * DESCRIPTORS; at += 1) {
        const socket = connect({ host: '127.0.0.1', port: world.collector.port })
        socket.on('error', () => {})
        held.push(socket)
      }
      const line = await world.collector.program.line(/limit of open files/)
      expect(JSON.parse(line)).toMatchObject({ level: 'error' })
      await expectAcknowledged(neighbour)
    } finally {
      for (const socket of held) socket.destroy()
    }
    await until('a new node gets in again', async () => {
      using late = new RawNode(world.collector.url)
      try {
        await late.enroll(token)
        return true
      } catch {
        return null
      }
    })
    await expectAcknowledged(neighbour)
    expect(world.collector.program.lines(/limit of open files/)).toHaveLength(1)
    expect(world.collector.program.isRunning).toBe(true)
  }, 60_000)
})
