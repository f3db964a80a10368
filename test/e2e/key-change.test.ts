/**
 * A node's key changes between the node's own files and the collector's own store, with either side,
 * both or the line between them killed after each message: whatever was written by then, the node
 * has a key that the collector takes, and the change ends.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeToCollector,
  decodeToNode,
  encodeToCollector,
  encodeToNode,
  type KeyPair,
  keyPairFromSeed,
  silentLogger,
} from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import { StateDir } from '../../agent/src/state-dir.ts'
import { NodeKeys } from '../../agent/src/trust-keys.ts'
import type { LedgerGeneration, NodeId } from '../../collector/src/model/ids.ts'
import { openSqliteStoreInProcess } from '../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { KeyDesk, type KeyLine } from '../../collector/src/tls/key-desk.ts'
import { enrollToken, T0, terms } from '../conformance/fleet.ts'
import { FakeClock, FakeRandom } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'

const NODE = 'n-00000000000000aa' as NodeId
const COLLECTOR: KeyPair = keyPairFromSeed(1, new Uint8Array(32).fill(7))
const STRANGER: KeyPair = keyPairFromSeed(1, new Uint8Array(32).fill(8))
const NONCE = 'ab'.repeat(16)
const STEPS_MAX = 40
const LEDGER = {
  generation: 1 as LedgerGeneration,
  origin: '0a'.repeat(16),
  openedAtMs: T0,
  identityKeyNumber: 1,
  identityKey: '0b'.repeat(32),
  isDemo: false,
}

class Rig {
  readonly clock = new FakeClock()
  readonly random = new FakeRandom(1)
  readonly state = StateDir.create(join(tempDir(), 'state'))
  readonly store: Store
  readonly revoked: NodeId[] = []
  /** On the way, in both directions. */
  readonly toNode: Uint8Array[] = []
  readonly toCollector: Uint8Array[] = []
  desk: KeyDesk
  keys: NodeKeys
  line: KeyLine | null = null
  ended: string | null = null
  #joinState = 0

  private constructor(store: Store) {
    this.store = store
    this.state.readOrCreateKey(this.random)
    this.desk = this.newDesk()
    this.keys = this.newKeys()
  }

  static async create(): Promise<Rig> {
    const store = openSqliteStoreInProcess({ path: ':memory:', newLedger: LEDGER })
    onTestFinished(() => store.close())
    const rig = new Rig(store)
    await store.putSite({ code: 'BJ-01', name: 'B', terms: terms(), outbox: [] })
    const token = enrollToken('BJ-01')
    await store.createToken(token, [])
    const { publicKey, algorithm } = rig.keys.keys
    await store.enrollNode({
      ...{ tokenId: token.tokenId, secretHash: token.secretHash, remoteAddress: '10.1.2.3' },
      ...{ nodeId: NODE, nodeName: 'gpu-1', algorithm, publicKey },
      ...{ fingerprint: rig.keys.fingerprint, joinState: 0, nowMs: T0 },
    })
    return rig
  }

  newDesk(): KeyDesk {
    const { clock, store } = this
    const onRevoked = (nodeId: NodeId) => void this.revoked.push(nodeId)
    return new KeyDesk({ store, clock, log: silentLogger, identity: COLLECTOR, onRevoked })
  }

  newKeys(collector: KeyPair = COLLECTOR): NodeKeys {
    const keys = this.state.readKey()
    if (keys === null) throw new Error('the node has lost its key')
    const { random, state } = this
    const fingerprintUnder = (publicKey: string) => `f1${publicKey.slice(0, 8)}`
    return new NodeKeys({ state, keys, collector, fingerprintUnder, random, log: silentLogger })
  }

  ask(nonce = NONCE) {
    return this.store.askKeyRotation({ nodeId: NODE, nonce, askedAtMs: T0, askedBy: 'ops' }, [])
  }

  /** What every connection must find: a node of this key, on this machine. */
  async connect(): Promise<void> {
    this.cut()
    const { algorithm, publicKey } = this.keys.keys
    const node = await this.store.findNodeByKey(algorithm, publicKey)
    expect(node).toMatchObject({ nodeId: NODE, fingerprint: this.keys.fingerprint })
    const opened = await this.store.openSession({
      ...{ nodeId: NODE, expectedJoinState: this.#joinState, presentedJoinState: this.#joinState },
      ...{ nextJoinState: this.#joinState + 1, epoch: 'e1', previousEpoch: null },
      ...{ collectorInstance: 'c1', remoteAddress: '10.1.2.3', agentVersion: '0.1.0' },
      ...{ bootId: 'b1', nowMs: T0, presentedKey: { algorithm, publicKey } },
    })
    expect(opened.status).toBe('opened')
    this.#joinState += 1
    await this.desk.round()
    const line: KeyLine = {
      nodeId: NODE,
      key: { algorithm, publicKey },
      understands: true,
      send: (message) => void this.toNode.push(encodeToNode(message)),
      drain: () => {
        this.ended = 'draining'
      },
      end: (code) => {
        this.ended = code
      },
    }
    this.line = line
    this.ended = null
    this.desk.opened(line)
  }

  cut(): void {
    if (this.line !== null) this.desk.closed(this.line)
    this.line = null
    this.toNode.length = 0
    this.toCollector.length = 0
  }

  /** One message more is heard; `false` when there is none and nobody has to come back. */
  async step(): Promise<boolean> {
    const toNode = this.toNode.shift()
    if (toNode !== undefined) {
      const message = decodeToNode(toNode)
      if (message.kind !== 'rotate_key') throw new Error(message.kind)
      const keyChange = this.keys.hear(message.rotateKey)
      if (keyChange !== null) {
        this.toCollector.push(encodeToCollector({ kind: 'key_change', keyChange }))
      }
      return true
    }
    const toCollector = this.toCollector.shift()
    if (toCollector !== undefined && this.line !== null) {
      const message = decodeToCollector(toCollector)
      if (message.kind !== 'key_change') throw new Error(message.kind)
      this.desk.onMessage(this.line, message)
      // Its write is on its way.
      await new Promise((done) => setImmediate(done))
      return true
    }
    if (this.ended !== 'draining') return false
    await this.connect()
    return true
  }

  async finish(): Promise<void> {
    for (let steps = 0; await this.step(); steps += 1) {
      if (steps > STEPS_MAX) throw new Error('the change goes round in circles')
    }
  }

  async isOver(): Promise<boolean> {
    return (await this.store.readNodeOrders()).rotations.length === 0
  }
}

const DEATHS: Readonly<Record<string, (rig: Rig) => void>> = {
  'the node is killed': (rig) => {
    rig.keys = rig.newKeys()
  },
  'the collector is killed': (rig) => {
    rig.desk = rig.newDesk()
  },
  'both are killed': (rig) => {
    rig.keys = rig.newKeys()
    rig.desk = rig.newDesk()
  },
  'the line is cut': () => {},
}

describe('a change of a node’s key (L24)', () => {
  test('ends with the new key, and the old one is nobody’s', async () => {
    const rig = await Rig.create()
    const before = rig.keys.keys
    await rig.ask()
    await rig.connect()
    await rig.finish()
    expect(await rig.isOver()).toBe(true)
    expect(rig.keys.keys.publicKey).not.toBe(before.publicKey)
    expect(await rig.store.findNodeByKey(before.algorithm, before.publicKey)).toBeNull()
    expect(rig.newKeys().keys.publicKey).toBe(rig.keys.keys.publicKey)
    expect(readdirSync(rig.state.path).sort()).toEqual(['node-key', 'node-key.previous'])
  })

  for (const [death, die] of Object.entries(DEATHS)) {
    test.each([0, 1, 2, 3, 4, 5])(`goes on where ${death} after %i messages`, async (messages) => {
      const rig = await Rig.create()
      const before = rig.keys.keys
      await rig.ask()
      await rig.connect()
      for (let step = 0; step < messages; step += 1) await rig.step()
      rig.cut()
      die(rig)
      await rig.connect()
      await rig.finish()
      // One that has not heard it was sent away for nothing, and is so again a minute later only.
      rig.clock.advance(61_000)
      await rig.desk.round()
      await rig.finish()
      expect(await rig.isOver()).toBe(true)
      expect(await rig.store.findNodeByKey(before.algorithm, before.publicKey)).toBeNull()
    })
  }

  test('goes on where the key that was proven is lost with its file', async () => {
    const rig = await Rig.create()
    await rig.ask()
    await rig.connect()
    await rig.step()
    await rig.step()
    for (const name of readdirSync(rig.state.path)) {
      if (name.startsWith('node-key.next')) rmSync(join(rig.state.path, name))
    }
    await rig.finish()
    expect(await rig.isOver()).toBe(true)
  })

  test('is tried again by a node whose disk was full', async () => {
    const rig = await Rig.create()
    await rig.ask()
    await rig.connect()
    const rename = rig.state.takeNextKey
    await rig.step()
    await rig.step()
    rig.state.takeNextKey = () => {
      throw new Error('no space')
    }
    await rig.finish()
    expect(await rig.isOver()).toBe(false)
    rig.state.takeNextKey = rename
    rig.clock.advance(61_000)
    await rig.desk.round()
    await rig.finish()
    expect(await rig.isOver()).toBe(true)
  })

  test('is undone for a ledger that was restored from before it', async () => {
    const rig = await Rig.create()
    const before = rig.keys.keys
    await rig.ask()
    await rig.connect()
    await rig.finish()
    // That ledger knows the old key. The node is unknown under its own, shows the one before, is known.
    expect(rig.keys.takeOther()).toBe(true)
    expect(rig.keys.keys.publicKey).toBe(before.publicKey)
    rig.keys.welcomed()
    expect(rig.newKeys().keys.publicKey).toBe(before.publicKey)
  })

  test('shows the key before once only where nobody knows either', async () => {
    const rig = await Rig.create()
    await rig.ask()
    await rig.connect()
    await rig.finish()
    const { publicKey } = rig.keys.keys
    expect([rig.keys.takeOther(), rig.keys.takeOther()]).toEqual([true, false])
    expect(rig.keys.keys.publicKey).toBe(publicKey)
    expect(rig.newKeys().keys.publicKey).toBe(publicKey)
  })
})

describe('an order or a proof that is not what it seems', () => {
  test('an order that another collector has signed changes nothing', async () => {
    const rig = await Rig.create()
    rig.keys = rig.newKeys(STRANGER)
    await rig.ask()
    await rig.connect()
    await rig.finish()
    expect(readdirSync(rig.state.path)).toEqual(['node-key'])
    expect(await rig.isOver()).toBe(false)
  })

  test('an order about a key that is not in force changes nothing', async () => {
    const rig = await Rig.create()
    await rig.ask()
    await rig.connect()
    const old = rig.toNode[0] ?? new Uint8Array(0)
    await rig.finish()
    const now = readFileSync(join(rig.state.path, 'node-key'), 'utf8')
    rig.toNode.push(old)
    await rig.finish()
    expect(rig.toCollector).toEqual([])
    expect(readFileSync(join(rig.state.path, 'node-key'), 'utf8')).toBe(now)
  })

  test('a proof without the new key ends the session', async () => {
    const rig = await Rig.create()
    await rig.ask()
    await rig.connect()
    await rig.step()
    const message = decodeToCollector(rig.toCollector.shift() ?? new Uint8Array(0))
    if (message.kind !== 'key_change' || rig.line === null) throw new Error(message.kind)
    const { keyChange } = message
    for (const stolen of [{ newKey: STRANGER.publicKey }, { fingerprint: 'ff' }]) {
      rig.ended = null
      rig.desk.onMessage(rig.line, { kind: 'key_change', keyChange: { ...keyChange, ...stolen } })
      expect(rig.ended).toBe('signature_invalid')
    }
    expect((await rig.store.readNodeOrders()).rotations).toMatchObject([{ newKey: null }])
  })

  test('a node that proves keys again and again is closed', async () => {
    const rig = await Rig.create()
    await rig.ask()
    await rig.connect()
    await rig.step()
    const frame = rig.toCollector.shift() ?? new Uint8Array(0)
    const message = decodeToCollector(frame)
    if (message.kind !== 'key_change' || rig.line === null) throw new Error(message.kind)
    const keyChange = { ...message.keyChange, nonce: 'ee'.repeat(16) }
    for (let sent = 0; sent < 10; sent += 1) {
      rig.desk.onMessage(rig.line, { kind: 'key_change', keyChange })
    }
    expect(rig.ended).toBe('overloaded')
  })

  test('a node that another process has revoked is out at the next look', async () => {
    const rig = await Rig.create()
    await rig.connect()
    await rig.store.revokeNode({ nodeId: NODE, atMs: T0, outbox: [] })
    await rig.desk.round()
    expect(rig.revoked).toEqual([NODE])
  })
})

test('a next key that others may read is not proven', async () => {
  const rig = await Rig.create()
  await rig.ask()
  await rig.connect()
  writeFileSync(join(rig.state.path, `node-key.next-${NONCE}`), '{}', { mode: 0o644 })
  await rig.finish()
  expect(rig.toCollector).toEqual([])
  expect(await rig.isOver()).toBe(false)
})
