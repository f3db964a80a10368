/** The gateway against the link that agents really use: one path, restarts and a forked spool. */
import {
  ALGORITHM_ED25519,
  encodeRecord,
  keyPairFromSeed,
  Link,
  type LinkOwner,
  linkUrlOf,
  runCode,
  silentLogger,
} from '@yiben/shared'
import { expect, onTestFinished, test } from 'vitest'
import { FakeRandom } from '../../support/fake-clock.ts'
import { MemorySpool } from '../../support/memory-spool.ts'
import { SimNetwork } from '../../support/sim-socket.ts'
import { unitTick } from '../timeline/support.ts'
import { CollectorRig, cardFacts, MINUTE, SECOND } from './rig.ts'

const URL = linkUrlOf('https://collector.example:7480')

/** A node that appends an anchor, facts and ticks to its spool, and a link that sends them. */
async function node(rig: CollectorRig) {
  const network = new SimNetwork({ clock: rig.clock, clientAddress: '10.1.2.3' })
  const listen = () => network.listen(URL, (socket) => rig.gateway.accept(socket))
  listen()
  const spool = new MemorySpool()
  let endMs = rig.clock.wallMs()
  let revision = 0
  const epochs: string[] = []
  const append = (record: Parameters<typeof encodeRecord>[0]) =>
    spool.append([{ bytes: encodeRecord(record), timelineEndMs: endMs }])
  const begin = () => {
    const anchorMs = rig.clock.wallMs()
    const gap = { startMs: endMs, endMs: anchorMs, cause: 'epoch', bootId: 'boot-1' } as const
    endMs = anchorMs
    append({ kind: 'gap', gap })
    revision = 1
    append({
      kind: 'facts',
      facts: {
        revision,
        atMs: endMs,
        agentVersion: '0.1.0',
        bootId: 'boot-1',
        operatingSystem: null,
        kernel: null,
        architecture: null,
        cpuModel: null,
        cpuCores: null,
        memoryTotalMib: null,
        virtualization: null,
        ownerKind: 'none',
        units: [cardFacts(0, 1)],
        probes: [],
      },
    })
  }
  const owner: LinkOwner = {
    heartbeat: () => ({ samples: 1, freeUnits: Uint8Array.of(1) }),
    timelineNowMs: () => rig.clock.wallMs(),
    onWelcome: () => {},
    onTime: () => {},
    onRefused: () => {},
    onNeedFacts: () => {},
    onNewEpoch: ({ after }) => {
      epochs.push(after.epoch)
      begin()
    },
  }
  const token = await rig.token('SITE-1', 1)
  const link = new Link({
    world: { clock: rig.clock, random: new FakeRandom(5), network },
    spool,
    owner,
    log: silentLogger,
    identity: {
      role: 'agent',
      nodeKeys: keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(9)),
      fingerprint: 'ab'.repeat(32),
      bootId: 'boot-1',
      programVersion: '0.1.0',
      capabilities: [],
      enrollment: { tokenId: token.id, secret: token.secret, nodeName: 'node-1' },
    },
    target: { url: URL, ca: null, proxyUrl: null },
    collector: { algorithm: rig.identity.algorithm, publicKey: rig.identity.publicKey },
  })
  begin()
  const ended = link.run()
  const tick = async () => {
    await rig.run(MINUTE)
    const startMs = endMs
    const spanMs = MINUTE - (startMs % MINUTE)
    endMs += spanMs
    append({
      kind: 'tick',
      tick: {
        factsRevision: revision,
        startMs,
        spanMs,
        samplesExpected: 6,
        cpuBusyMs: null,
        cpuTotalMs: null,
        units: [unitTick(0, [{ code: runCode('free/proven'), durationMs: spanMs }])],
      },
    })
    link.wake()
    await rig.run(2 * SECOND)
  }
  onTestFinished(async () => {
    const stopped = link.stop()
    await rig.run(10 * SECOND)
    await Promise.all([stopped, ended])
  })
  return { network, listen, spool, link, tick, epochs }
}

async function expectBalanced(rig: CollectorRig, nodeId: string): Promise<void> {
  for (const balance of await rig.balances(nodeId)) expect(balance.errors).toEqual([])
}

test('the real link enrolls, sends, and is acknowledged', async () => {
  const rig = new CollectorRig()
  await rig.start()
  const { link, tick, spool } = await node(rig)
  for (let minute = 0; minute < 3; minute += 1) await tick()
  expect(link.status()).toMatchObject({ state: 'online', unacknowledgedRecords: 0 })
  const nodeId = link.status().nodeId ?? ''
  expect((await rig.state(nodeId)).epoch?.watermark).toBe(spool.state().lastSeq)
  await expectBalanced(rig, nodeId)
})

test('after cuts, a partition and a restart everything arrives, once', async () => {
  const rig = new CollectorRig()
  await rig.start()
  const { link, tick, network, listen, spool } = await node(rig)
  await tick()
  network.cutAll()
  await tick()
  network.partition(true)
  await tick()
  await tick()
  network.partition(false)
  await rig.restart()
  listen()
  for (let minute = 0; minute < 4; minute += 1) await tick()
  expect(link.status()).toMatchObject({ state: 'online', unacknowledgedRecords: 0 })
  const nodeId = link.status().nodeId ?? ''
  expect((await rig.state(nodeId)).epoch?.watermark).toBe(spool.state().lastSeq)
  await expectBalanced(rig, nodeId)
})

test('a spool the collector has heard more of begins a new epoch, and the time balances', async () => {
  const rig = new CollectorRig()
  await rig.start()
  const { link, tick, network, spool, epochs } = await node(rig)
  await tick()
  await tick()
  // The spool of the node is set back, as by a restored disk: its numbers are taken already.
  const before = await rig.state(link.status().nodeId ?? '')
  const hashAt = spool.hashAt.bind(spool)
  Object.assign(spool, {
    hashAt: (seq: number) => (epochs.length === 0 ? new Uint8Array(32) : hashAt(seq)),
  })
  network.cutAll()
  await tick()
  await tick()
  expect(epochs.length).toBe(1)
  expect(link.status().state).toBe('online')
  const after = await rig.state(before.node.nodeId)
  expect(after.epoch).toMatchObject({ epoch: epochs[0], previousEpoch: before.epoch?.epoch })
  await expectBalanced(rig, before.node.nodeId)
})
