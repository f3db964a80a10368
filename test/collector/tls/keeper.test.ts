/** An authority of the collector's own: made once, renewed and changed by itself, whole at every step. */
import { X509Certificate } from 'node:crypto'
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pinOf, silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { TlsConfig } from '../../../collector/src/config/tls-options.ts'
import { beginRotation, readAuthority } from '../../../collector/src/tls/authority-file.ts'
import { TlsKeeper } from '../../../collector/src/tls/keeper.ts'
import { serverNames } from '../../../collector/src/tls/names.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const DAY = 86_400_000
const NAMES = ['10.1.2.3', 'ledger.example']

class Rig {
  readonly clock = new FakeClock()
  readonly dataDir = join(tempDir(), 'data')
  readonly random = new FakeRandom(1)
  waiting = 0
  keeper: TlsKeeper | null = null

  async open(change: Partial<Extract<TlsConfig, { mode: 'own' }>> = {}): Promise<TlsKeeper> {
    const files = { rootsFile: null, clientCaFile: null, clientCrlFile: null }
    const common = { ...files, names: NAMES, lifeMs: 90 * DAY }
    const config = { mode: 'own', ...common, ...change } as const
    const { clock, dataDir, random } = this
    const world = { clock, random }
    this.keeper = await TlsKeeper.open({
      config,
      dataDir,
      host: '0.0.0.0',
      world,
      log: silentLogger,
    })
    this.check()
    return this.keeper
  }

  begin() {
    const issuing = { random: this.random, nowMs: this.clock.wallMs() }
    const times = { switchByMs: issuing.nowMs + 14 * DAY, dropAfterMs: 60 * DAY }
    return beginRotation(this.dataDir, issuing, times)
  }

  async look(): Promise<Pick<TlsKeeper, 'shown' | 'told'>> {
    if (this.keeper === null) throw new Error('not open')
    await this.keeper.look(async () => this.waiting)
    this.check()
    const { shown, told } = this.keeper
    return { shown, told }
  }

  /** As a collector that starts now would do it: whatever was written so far is enough. */
  async lookAnew(): Promise<Pick<TlsKeeper, 'shown' | 'told'>> {
    await this.open()
    return await this.look()
  }

  /** Who trusts what nodes are told can check what is shown; the pin names an authority in it. */
  check(): void {
    const { shown, told } = this.keeper ?? {}
    if (shown === undefined || told === undefined) throw new Error('not open')
    const chain = certificatesIn(shown.cert)
    const roots = told.roots.map((pem) => new X509Certificate(pem))
    const [leaf] = chain
    if (leaf === undefined) throw new Error('nothing is shown')
    for (const root of roots) {
      const isSigner = leaf.verify(root.publicKey)
      const isVouched = chain.slice(1).some((one) => {
        return leaf.verify(one.publicKey) && one.verify(root.publicKey)
      })
      const isNext = pinOf(root) !== told.pin && readAuthority(this.dataDir)?.next !== null
      expect(isSigner || isVouched || isNext, root.subject).toBe(true)
    }
    expect(chain.slice(1).map(pinOf)).toContain(told.pin)
    expect(leaf.validToDate.getTime()).toBe(shown.endMs)
  }
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}

describe('the first start', () => {
  test('makes an authority and a certificate that nobody else may read; the next one keeps them', async () => {
    const rig = new Rig()
    const first = await rig.open()
    const folder = join(rig.dataDir, 'tls')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600)
    }
    const second = await rig.open()
    expect([second.shown, second.told]).toEqual([first.shown, first.told])
  })

  test('names the configured names, and this machine as it sees itself', async () => {
    const rig = new Rig()
    const [leaf] = certificatesIn((await rig.open()).shown.cert)
    const names = ['10.1.2.3', '127.0.0.1', '0:0:0:0:0:0:0:1'].map((ip) => `IP Address:${ip}`)
    for (const name of [...names, 'DNS:ledger.example', 'DNS:localhost']) {
      expect(leaf?.subjectAltName).toContain(name)
    }
    const again = await rig.open({ names: [...NAMES, 'gate.example'] })
    expect(certificatesIn(again.shown.cert)[0]?.subjectAltName).toContain('DNS:gate.example')
  })

  test('finds names where none are configured', () => {
    expect(serverNames([], '10.9.8.7')).toEqual(
      expect.arrayContaining(['10.9.8.7', 'localhost', '127.0.0.1', '::1']),
    )
    expect(serverNames(['a.example'], '0.0.0.0')).toEqual([
      ...['a.example', 'localhost', '127.0.0.1', '::1'],
    ])
  })

  test.each([
    ['a key that others may read', 'state_insecure', (path: string) => chmodSync(path, 0o644)],
    ['a file that is cut', 'disk_failed', (path: string) => writeFileSync(path, '{"revision":')],
  ])('stops at %s', async (_name, code, spoil) => {
    const rig = new Rig()
    await rig.open()
    spoil(join(rig.dataDir, 'tls/authority.1.json'))
    await expect(rig.open()).rejects.toMatchObject({ code })
    // One that serves already goes on with what it has.
    const { keeper } = rig
    const before = keeper?.shown
    expect(await keeper?.look(async () => 0)).toBe(false)
    expect(keeper?.shown).toEqual(before)
  })
})

test('a certificate is renewed at half of its life, with nobody told and nobody asked', async () => {
  const rig = new Rig()
  const { shown, told } = await rig.open()
  await rig.clock.run(44 * DAY)
  expect((await rig.look()).shown).toEqual(shown)
  await rig.clock.run(2 * DAY)
  const renewed = await rig.look()
  expect(renewed.shown.endMs - shown.endMs).toBe(46 * DAY)
  expect(renewed.shown.endMs - rig.clock.wallMs()).toBeGreaterThan(30 * DAY)
  expect(renewed.told).toEqual(told)
})

describe('a change of the authority', () => {
  const opened = async () => {
    const rig = new Rig()
    const { told } = await rig.open()
    await rig.begin()
    return { rig, first: told }
  }

  for (const [how, look] of [
    ['', (rig: Rig) => rig.look()],
    [', killed and started again at each step', (rig: Rig) => rig.lookAnew()],
  ] as const) {
    test(`tells, then signs, then drops${how}`, async () => {
      const { rig, first } = await opened()
      rig.waiting = 1
      const telling = await look(rig)
      expect([telling.told.pin, telling.told.roots.length]).toEqual([first.pin, 2])
      expect(telling.told.version).toBeGreaterThan(first.version)
      await rig.clock.run(DAY)
      expect((await look(rig)).told).toEqual(telling.told)
      rig.waiting = 0
      const switched = await look(rig)
      expect(switched.told.pin).not.toBe(first.pin)
      expect(switched.told.roots).toContain(first.roots[0])
      // The old key is nowhere any more.
      expect(readAuthority(rig.dataDir)?.previous).not.toHaveProperty('key')
      expect(
        readdirSync(join(rig.dataDir, 'tls')).filter((n) => n.startsWith('authority')),
      ).toEqual(['authority.3.json'])
      await rig.clock.run(59 * DAY)
      expect((await look(rig)).told.roots).toHaveLength(2)
      await rig.clock.run(2 * DAY)
      const dropped = await look(rig)
      expect(dropped.told.roots).toHaveLength(1)
      expect(dropped.told.pin).toBe(switched.told.pin)
      const versions = [first, telling.told, switched.told, dropped.told].map((t) => t.version)
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
    })
  }

  test('waits no longer than the date', async () => {
    const { rig, first } = await opened()
    rig.waiting = 3
    await rig.look()
    await rig.clock.run(15 * DAY)
    expect((await rig.look()).told.pin).not.toBe(first.pin)
  })

  test('signs with nothing that nobody was told', async () => {
    const { rig, first } = await opened()
    // All know the present version, which does not hold the next authority yet.
    expect((await rig.look()).told.pin).toBe(first.pin)
  })

  test('is begun once at a time, whoever begins it', async () => {
    const rig = new Rig()
    await rig.open()
    const results = await Promise.allSettled([rig.begin(), rig.begin()])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(rig.begin()).rejects.toMatchObject({ code: 'conflict' })
    await rig.look()
    await rig.look()
    await expect(rig.begin()).rejects.toMatchObject({ code: 'conflict' })
  })
})

test('a list of authorities has a higher version even where the folder was lost', async () => {
  const rig = new Rig()
  const first = await rig.open()
  rmSync(join(rig.dataDir, 'tls'), { recursive: true })
  await rig.clock.run(DAY)
  const second = await rig.open()
  expect(second.told.pin).not.toBe(first.told.pin)
  expect(second.told.version).toBeGreaterThan(first.told.version)
})

test('an authority that is given is told beside its own, so that certificates can change hands', async () => {
  const rig = new Rig()
  const { told } = await rig.open()
  const given = await new Rig().open()
  const rootsFile = join(tempDir(), 'roots.pem')
  writeFileSync(rootsFile, given.told.roots.join(''))
  const common = { names: NAMES, lifeMs: 90 * DAY, clientCaFile: null, clientCrlFile: null }
  const keeper = await TlsKeeper.open({
    config: { mode: 'own', ...common, rootsFile },
    dataDir: rig.dataDir,
    host: '0.0.0.0',
    world: rig,
    log: silentLogger,
  })
  expect(keeper.told).toMatchObject({ pin: told.pin, roots: [...told.roots, ...given.told.roots] })
})
