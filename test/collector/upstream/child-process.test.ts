/** A real collector process that reports to a parent: enrolled, killed, restored, on its own again. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createRealWorld, siteCodeOf } from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readIdentity } from '../../../collector/src/identity-file.ts'
import { openCommandStore } from '../../../collector/src/storage/open.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { terms } from '../../conformance/fleet.ts'
import { CollectorProcess } from '../../support/collector-process.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { FakeParent, PARENT_TOKEN } from '../../support/fake-parent.ts'
import { until } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { pictureOf, tellable, toldTo } from '../../support/told-picture.ts'

const CONFIG = [
  'seal_delay: 1s',
  'intervals: { sequence: 100ms, deposit: 1s, rollup: 1s, liveness: 1s, checkpoint: 1s }',
  'upstream: { feed: 50ms, counts: 1s, hour_delay: 1s }',
]
const KILLS = 5
const { clock, random } = createRealWorld()

async function enrolledChild() {
  const parent = new FakeParent()
  await parent.come()
  const child = new CollectorProcess(tempDir(), CONFIG)
  onTestFinished(() => child.kill())
  const enroll = ['upstream', 'enroll', '--url', parent.url, '--token', PARENT_TOKEN]
  const said = await child.say([...enroll, '--name', 'child'])
  return { child, enroll, parent, said }
}

/** The ledger beside its process. */
async function beside<Result>(child: CollectorProcess, use: (store: Store) => Promise<Result>) {
  const store = openCommandStore({ dataDir: child.dataDir, clock, random })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

const put = (store: Store, code: string, name: string) =>
  store.putSite({ code: siteCodeOf(code) ?? '', name, terms: terms(), outbox: [] })

/** What the parent lacks of what the ledger has to tell; the instants of counts aside. */
async function missing(child: CollectorProcess, parent: FakeParent): Promise<string[]> {
  const origin = readIdentity(child.dataDir)?.publicKey ?? ''
  const known = pictureOf(await beside(child, (store) => tellable(store, origin)))
  const told = pictureOf(toldTo(parent.collector))
  return [...known]
    .filter(([key, record]) => JSON.stringify(told.get(key), big) !== JSON.stringify(record, big))
    .map(([key]) => key)
}

const big = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)

async function allTold(child: CollectorProcess, parent: FakeParent): Promise<void> {
  await until('everything is told', async () => {
    const lacking = await missing(child, parent)
    return lacking.length === 0 ? true : null
  })
  expect(parent.collector.violations).toEqual([])
}

describe('a collector that reports', () => {
  test('is enrolled once, adopts the nation’s key, and says how the link stands', async () => {
    const { child, enroll, parent, said } = await enrolledChild()
    expect(said).toContain('child is enrolled as node-1')
    expect(said).toContain('ids of accelerators are made with the parent’s key from now on')
    expect(await beside(child, (store) => store.ledgerState())).toMatchObject({
      identityKeyNumber: 7,
      identityKey: '77'.repeat(32),
    })
    expect(await child.say(enroll)).toContain('already')
    await child.start()
    const busy = await child.command(enroll)
    expect(busy).toMatchObject({ exitCode: 1 })
    expect(busy.stderr).toContain('stop it first')
    await allTold(child, parent)
    await until('the note says so', async () => {
      const { note } = JSON.parse(await child.say(['upstream', 'status', '--json']))
      return note?.link === 'online' && note.feed_entries === 0 ? true : null
    })
    expect(await child.say(['upstream', 'status'])).toContain('link: online')
    const { body } = await child.get('/metrics')
    expect(body).toContain('yiben_upstream_connected 1')
    await child.stop()
    await child.say(['upstream', 'leave'])
    expect(await child.say(['upstream', 'status'])).toBe('this collector reports to nobody')
    expect(readdirSync(child.dataDir)).not.toContain('upstream')
  }, 90_000)

  test('with a token of somebody else is not enrolled', async () => {
    const parent = new FakeParent()
    await parent.come()
    const child = new CollectorProcess(tempDir(), CONFIG)
    parent.collector.habits.refuseProof = () => ({
      code: 'token_used_up',
      sentence: 'the enrollment token has no uses left',
      retryAfterMs: 0,
    })
    const enroll = ['upstream', 'enroll', '--url', parent.url, '--token', PARENT_TOKEN]
    const { exitCode, stderr } = await child.command(enroll)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('token_used_up')
    expect(await child.say(['upstream', 'status'])).toBe('this collector reports to nobody')
  }, 60_000)

  test('killed at random moments, its parent coming and going, misses nothing in the end', async () => {
    const { child, parent } = await enrolledChild()
    const chance = new FakeRandom(4)
    for (let round = 0; round < KILLS; round += 1) {
      if (round % 3 === 2) parent.leave()
      await child.start()
      await beside(child, async (store) => {
        await put(store, `SITE-${round}`, `first ${round}`)
        await delay(chance.fraction() * 400)
        await put(store, 'SITE-0', `again ${round}`)
      })
      await delay(chance.fraction() * 300)
      await child.kill()
      if (round % 3 === 2) await parent.come()
    }
    await child.start()
    await allTold(child, parent)
    const told = [...pictureOf(toldTo(parent.collector)).values()]
    expect(told.filter(({ kind }) => kind === 'site')).toHaveLength(KILLS)
  }, 120_000)

  test('restored from a backup tells everything again, with higher versions', async () => {
    const { child, parent } = await enrolledChild()
    await child.start()
    await beside(child, (store) => put(store, 'SITE-1', 'before'))
    await allTold(child, parent)
    const backup = join(child.folder, 'backup.sqlite')
    await child.say(['backup', backup])
    await beside(child, (store) => put(store, 'SITE-1', 'after the backup'))
    await allTold(child, parent)
    await child.stop()
    await child.say(['restore', backup, '--replace'])
    await child.start()
    await allTold(child, parent)
    const told = pictureOf(toldTo(parent.collector))
    const site = [...told.values()].find(({ kind }) => kind === 'site')
    expect(site).toMatchObject({ site: { name: 'before' } })
    const generations = [...told.values()].map((record) =>
      /"generation":(\d+)/.exec(JSON.stringify(record, big))?.at(1),
    )
    expect(new Set(generations).size).toBe(1)
    expect(Number(generations[0])).toBeGreaterThan(1)
  }, 60_000)

  test('writes bundles beside its process, the second one of what has changed', async () => {
    const child = new CollectorProcess(tempDir(), CONFIG)
    onTestFinished(() => child.kill())
    await child.start()
    await beside(child, (store) => put(store, 'SITE-1', 'one'))
    const out = tempDir()
    const bundle = ['bundle', 'export', '--out', out, '--json']
    const first = JSON.parse(await child.say([...bundle, '--name', 'gated']))
    expect(first).toMatchObject({ number: 1, full: true })
    const second = JSON.parse(await child.say(bundle))
    expect(second).toMatchObject({ number: 2, full: false })
    expect(readdirSync(out).sort()).toEqual([
      expect.stringMatching(/^[0-9a-f]{12}-000001\.yiben-bundle$/),
      expect.stringMatching(/^[0-9a-f]{12}-000002\.yiben-bundle$/),
    ])
    const nowhere = await child.command(['bundle', 'export', '--out', join(out, 'none')])
    expect(nowhere).toMatchObject({ exitCode: 2 })
  }, 60_000)
})
