/**
 * What is wrong is refused with a stable code and a sentence that names the field, and nothing else
 * is disturbed: beside every attempt a well-behaved node goes on having its records acknowledged.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type DurableRecord,
  encodeRecord,
  encodeToCollector,
  FRAME_BYTES_MAX,
  type NodeFacts,
  type RefusedRecord,
  type Tick,
} from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CollectorProcess, tokenIn } from '../support/collector-process.ts'
import { E2eWorld } from '../support/e2e-world.ts'
import { runProgram, until } from '../support/program.ts'
import { RawNode } from '../support/raw-node.ts'
import { factsOf, tickOf } from '../support/records.ts'

const TICK_MS = 1_000
const CARDS = 2

/** A node whose records begin now and follow each other. */
class Teller {
  #endMs = Date.now() - 60_000
  readonly #facts: NodeFacts
  readonly #keyNumber = 1

  constructor(tag: string) {
    const facts = factsOf(CARDS)
    const units = facts.units.map((unit, at) => ({
      ...unit,
      identities: [
        {
          keyNumber: this.#keyNumber,
          hash: `${tag}${at}`.padEnd(64, '0'),
          strength: 'strong' as const,
        },
      ],
    }))
    this.#facts = { ...facts, atMs: this.#endMs, units }
  }

  first(): DurableRecord[] {
    const gap = {
      startMs: this.#endMs,
      endMs: this.#endMs + 1,
      cause: 'epoch',
      bootId: 'boot-1',
    } as const
    this.#endMs += 1
    return [
      { kind: 'gap', gap },
      { kind: 'facts', facts: this.#facts },
    ]
  }

  tick(change: (tick: Tick) => Tick = (tick) => tick): DurableRecord {
    const tick = tickOf({ startMs: this.#endMs, spanMs: TICK_MS, cards: CARDS })
    this.#endMs += TICK_MS
    return { kind: 'tick', tick: change(tick) }
  }
}

/** Acks may come in steps: until all that was sent is settled. */
async function acknowledged(node: RawNode) {
  const refused: RefusedRecord[] = []
  for (;;) {
    const heard = await node.next()
    if (heard.kind !== 'ack') throw new Error(`no ack but ${JSON.stringify(heard)}`)
    refused.push(...heard.ack.refused)
    if (heard.ack.watermark >= node.lastSeq) return { watermark: heard.ack.watermark, refused }
  }
}

describe('on the wire', () => {
  let world: E2eWorld
  let token: string
  let neighbour: RawNode
  const teller = new Teller('aa')

  beforeAll(async () => {
    world = new E2eWorld('suite')
    await world.collector.start()
    token = await world.collector.enrollmentToken(100)
    neighbour = new RawNode(world.collector.url)
    await neighbour.enroll(token)
    neighbour.send(teller.first())
    await acknowledged(neighbour)
  })

  afterAll(async () => {
    neighbour.close()
    await world[Symbol.asyncDispose]()
  })

  async function expectUndisturbed(): Promise<void> {
    neighbour.send([teller.tick()])
    expect((await acknowledged(neighbour)).refused).toEqual([])
    expect((await world.collector.get('/v1/healthz')).status).toBe(200)
  }

  async function enrolled(tag: string): Promise<{ node: RawNode; teller: Teller }> {
    const node = new RawNode(world.collector.url)
    await node.enroll(token)
    const own = new Teller(tag)
    node.send(own.first())
    await acknowledged(node)
    return { node, teller: own }
  }

  test('a broken frame closes the connection that brought it', async () => {
    using node = new RawNode(world.collector.url)
    await node.connect()
    node.sendFrame(Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0x7f))
    expect((await node.closed()).reason).toMatch(/^frame_undecodable: ./)
    await expectUndisturbed()
  })

  test('an oversized frame closes the connection that brought it', async () => {
    using node = new RawNode(world.collector.url)
    await node.connect()
    node.sendFrame(new Uint8Array(FRAME_BYTES_MAX + 1))
    expect((await node.closed()).code).toBe(1009)
    await expectUndisturbed()
  })

  test('a wrong signature is refused', async () => {
    using node = new RawNode(world.collector.url)
    await node.connect()
    const joined = await node.join({ token, breaksSignature: true })
    expect(joined).toMatchObject({
      kind: 'refusal',
      refusal: { code: 'signature_invalid', sentence: expect.stringContaining('proof.signature') },
    })
    await expectUndisturbed()
  })

  test('a node nobody enrolled is refused', async () => {
    using node = new RawNode(world.collector.url)
    await node.connect()
    expect(await node.join()).toMatchObject({ kind: 'refusal', refusal: { code: 'node_unknown' } })
    await expectUndisturbed()
  })

  test('a hello of another wire version is refused with the field', async () => {
    using node = new RawNode(world.collector.url)
    await node.connect()
    expect(await node.join({ token, hello: { wireVersion: 99 } })).toMatchObject({
      kind: 'refusal',
      refusal: {
        code: 'protocol_version',
        sentence: expect.stringContaining('hello.wire_version'),
      },
    })
    await expectUndisturbed()
  })

  test('a batch before the handshake closes the connection', async () => {
    using node = new RawNode(world.collector.url)
    await node.connect()
    node.send([new Teller('ab').tick()])
    expect((await node.closed()).reason).toMatch(/^message_unexpected: batch/)
    await expectUndisturbed()
  })

  test('an expired token is refused', async () => {
    const args = ['token', 'create', '--site', 'TEST-01', '--ttl', '1s', '--uses', '100']
    const expired = tokenIn(await world.collector.say(args))
    await until('the token has expired', async () => {
      using node = new RawNode(world.collector.url)
      await node.connect()
      const joined = await node.join({ token: expired })
      if (joined.kind === 'welcome') return null
      expect(joined).toMatchObject({
        kind: 'refusal',
        refusal: { code: 'token_expired', sentence: expect.stringContaining('token') },
      })
      return true
    })
    await expectUndisturbed()
  })

  test('a negative utilization is refused in its record alone, and the queue goes on', async () => {
    const { node, teller: own } = await enrolled('bb')
    using _ = node
    const good = own.tick()
    const bad = own.tick((tick) => ({
      ...tick,
      units: tick.units.map((unit) => ({ ...unit, utilizationSumPermille: -5 })),
    }))
    const next = own.tick()
    node.send([good, bad, next])
    const ack = await acknowledged(node)
    expect(ack.watermark).toBe(5)
    expect(ack.refused).toMatchObject([
      { seq: 4, code: 'record_out_of_range', sentence: expect.stringContaining('utilization') },
    ])
    const quality = await world.collector.get('/v1/quality')
    expect(quality.body.refused.rows).toMatchObject([{ seq: 4, code: 'record_out_of_range' }])
    await expectUndisturbed()
  })

  test('a record that is no record is refused alone', async () => {
    const { node, teller: own } = await enrolled('cc')
    using _ = node
    node.sendBytes([Uint8Array.of(0x0a, 0xff, 0xff), encodeRecord(own.tick())])
    const ack = await acknowledged(node)
    expect(ack).toMatchObject({ watermark: 4, refused: [{ seq: 3, code: 'record_undecodable' }] })
    await expectUndisturbed()
  })

  test('a batch that leaves numbers out is refused', async () => {
    const { node, teller: own } = await enrolled('dd')
    using _ = node
    node.skip(3)
    node.send([own.tick()])
    expect((await node.closed()).reason).toMatch(/^sequence_gap: .*(seq|batch)/)
    await expectUndisturbed()
  })

  test('a batch that names another predecessor is refused', async () => {
    const { node, teller: own } = await enrolled('ee')
    using _ = node
    node.sendBytes([encodeRecord(own.tick())], new Uint8Array(8))
    expect((await node.closed()).reason).toMatch(/^epoch_forked: .*previous_hash/)
    await expectUndisturbed()
  })

  test('a second hello closes the connection', async () => {
    const { node } = await enrolled('ff')
    using _ = node
    const heartbeat = { samples: 1, freeUnits: new Uint8Array(0) }
    node.sendFrame(encodeToCollector({ kind: 'heartbeat', heartbeat }))
    node.sendFrame(
      encodeToCollector({
        kind: 'proof',
        proof: { signature: new Uint8Array(64), enrollSecret: null },
      }),
    )
    expect((await node.closed()).reason).toMatch(/^message_unexpected: proof/)
    await expectUndisturbed()
  })
})

describe('in a configuration', () => {
  test.each([
    { line: 'sample_periode: 1s', names: 'sample_periode' },
    { line: 'sample_period: 5', names: 'sample_period' },
    { line: 'sample_period: 5km', names: 'sample_period' },
    {
      line: 'deposit: { enabled: true, min_free: -3min, calendar: always }',
      names: 'deposit.min_free',
    },
    { line: 'spool: { size_max: 64 }', names: 'spool.size_max' },
  ])('of the agent: $line', async ({ line, names }) => {
    await using world = new E2eWorld()
    const agent = world.machine({ name: 'node', nodeTag: 'a1', vendors: { nvidia: 1 } })
    agent.configure([line])
    const { exitCode, stderr } = await agent.command('run')
    expect(stderr).toMatch(/config_invalid/)
    expect(stderr).toContain(names)
    expect(exitCode).toBe(2)
  })

  test.each([
    { line: 'portt: 7480', names: 'portt' },
    { line: 'seal_delay: 2', names: 'seal_delay' },
    { line: 'seal_delay: 2 weeks', names: 'seal_delay' },
    { line: 'port: -1', names: 'port' },
    { line: '{ host: 0.0.0.0, tls: { mode: off } }', names: 'host' },
  ])('of the collector: $line', async ({ line, names }) => {
    await using world = new E2eWorld()
    const { collector } = world
    const file = join(collector.folder, 'wrong.yaml')
    writeFileSync(file, `${line}\n`)
    const args = ['serve', '--config', file, '--data-dir', collector.dataDir]
    const { exitCode, stderr } = await runProgram({ script: CollectorProcess.script, args })
    expect(stderr).toMatch(/config_invalid/)
    expect(stderr).toContain(names)
    expect(exitCode).toBe(2)
  })
})
