/**
 * Connections to the gateway, frame by frame, before and after a true handshake: each ends with a
 * code of ours or goes on, and a node beside it goes on being acknowledged.
 */
import { encodeToCollector, errorCodeOfClose, type Hello } from '@yiben/shared'
import { expect, test } from 'vitest'
import { CollectorRig, cardFacts, flush, RigAgent } from '../collector/gateway/rig.ts'
import { fuzz } from './fuzzer.ts'

const FRAMES_MAX = 12
const LENGTH_BYTES = 2

/** Frames behind each other, each with its length before it; the first byte says what comes first. */
function framesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const frames: Uint8Array[] = []
  let at = 1
  while (at + LENGTH_BYTES <= bytes.length && frames.length < FRAMES_MAX) {
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    at += LENGTH_BYTES
    frames.push(bytes.subarray(at, at + length))
    at += length
  }
  return frames
}

function packed(isJoined: boolean, frames: readonly Uint8Array[]): Uint8Array {
  const parts = frames.flatMap((frame) => [frame.length >> 8, frame.length & 255, ...frame])
  return Uint8Array.of(isJoined ? 1 : 0, ...parts)
}

test('links', async () => {
  const rig = new CollectorRig()
  await rig.start()
  const neighbour = await rig.join(1)
  neighbour.keepGap(rig.clock.wallMs(), 'epoch')
  neighbour.keepFacts([cardFacts(0, 1)])
  neighbour.keepTicks('free/proven', 1)
  await rig.run(60_000)
  await neighbour.sendBatch()
  const hostile = await rig.join(2)
  hostile.keepGap(rig.clock.wallMs(), 'epoch')
  hostile.keepFacts([cardFacts(0, 2), cardFacts(1, 3)])
  hostile.keepTicks('busy/active', 2)
  const batch = (from: number, to: number) =>
    encodeToCollector({
      kind: 'batch',
      batch: {
        firstSeq: from,
        previousHash: from === 1 ? null : (hostile.records[from - 2]?.hash.subarray(0, 8) ?? null),
        records: hostile.records.slice(from - 1, to).map(({ bytes }) => bytes),
        lostCount: 0,
      },
    })
  const hello = (change: Partial<Hello> = {}) =>
    encodeToCollector({ kind: 'hello', hello: hostile.hello(change) })
  const proof = { signature: new Uint8Array(64), enrollSecret: new Uint8Array(16) }
  const heartbeat = { samples: 6, freeUnits: Uint8Array.of(3) }
  const live = [
    encodeToCollector({ kind: 'heartbeat', heartbeat }),
    encodeToCollector({ kind: 'event', event: { units: [0], kind: 'fault', atMs: 1 } }),
    encodeToCollector({ kind: 'leases', leases: [] }),
  ]
  let runs = 0
  let acked = 0
  await fuzz({
    name: 'links',
    seeds: [
      packed(false, [hello(), encodeToCollector({ kind: 'proof', proof })]),
      packed(false, [hello({ enrollTokenId: '0011223344556677', nodeName: 'x' })]),
      packed(true, [batch(1, 4), ...live]),
      packed(true, [batch(1, 2), batch(3, 4)]),
    ],
    rounds: 150,
    run: async (bytes) => {
      runs += 1
      const agent = new RigAgent(rig, 2)
      agent.joinState = hostile.joinState
      if (((bytes[0] ?? 0) & 1) === 1) {
        const outcome = await agent.connect()
        hostile.joinState = agent.joinState
        // Its session of before may still be asked whether it lives.
        if (outcome !== 'welcome') expect(outcome).toBe('conflict')
      } else agent.dial()
      for (const frame of framesOf(bytes)) agent.pair?.client.send(frame)
      rig.clock.advance(10)
      await flush()
      await rig.run(1_000)
      if (agent.closed !== null) expect(errorCodeOfClose(agent.closed)).not.toBeNull()
      for (const answer of agent.received) expect(answer.kind).not.toBe('undecodable')
      acked += agent.acks().length
      agent.disconnect()
      await rig.run(1_000)
      expect(rig.log.of('error')).toEqual([])
      if (runs % 20 !== 0) return
      neighbour.keepTicks('free/proven', 1)
      await rig.run(60_000)
      await neighbour.sendBatch()
      expect(neighbour.acked).toBe(neighbour.records.length)
    },
  })
  // Not all of it was turned away at the door.
  expect(acked).toBeGreaterThan(0)
})
