/**
 * Killed with SIGKILL at any moment of drawing, and the disk of the ledger lost with it: yesterday's
 * backup and the second journal hold every draw that was answered, with its answer, and no card twice.
 */
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { silentLogger } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runRestore } from '../../../collector/src/cli/restore.ts'
import { loadConfig } from '../../../collector/src/config.ts'
import { segmentFiles } from '../../../collector/src/journal/second-folder.ts'
import { SecondJournal } from '../../../collector/src/journal/second-journal.ts'
import type { Draw } from '../../../collector/src/model/draw.ts'
import { openCommandStore } from '../../../collector/src/storage/open.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { Program } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { DrawsRig } from '../bank/draws-rig.ts'
import { folderOf, writeIdentity } from './export-support.ts'

const ROUNDS = 5
const NODES = 12
const CARDS = 8
/** From the first answer of a process to its end. */
const LIFE_MS_MAX = 300
const NO_NETWORK = { dial: () => Promise.reject(new Error('nobody is dialled')) }
const random = new FakeRandom(11)
const clock = new FakeClock(0)

interface Answered {
  readonly call: string
  readonly drawId: string
  readonly version?: number
  readonly state?: string
  readonly claims?: Draw['claims']
  readonly leases?: Draw['leases']
}

/** What is left of rounds of load and sudden death. */
interface Left {
  readonly live: string
  readonly second: string
  /** Of yesterday, and of some time between two deaths. */
  readonly backups: readonly string[]
  /** The last that was answered of each draw. */
  readonly answered: ReadonlyMap<string, Answered>
}

let left: Left
const home = mkdtempSync(join(tmpdir(), 'yiben-second-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

function made(name: string): string {
  const folder = join(home, name)
  mkdirSync(folder)
  return folder
}

beforeAll(async () => {
  const rig = new DrawsRig()
  for (let node = 1; node <= NODES; node += 1) await rig.node(node, CARDS)
  await rig.deposit()
  const live = await folderOf(rig.ledger, { folder: made('live') })
  const second = made('second')
  const yesterday = join(home, 'yesterday.sqlite')
  copyFileSync(join(live, 'ledger.sqlite'), yesterday)
  const backups = [yesterday]
  const answered = new Map<string, Answered>()
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const one of await roundOf(live, second, rig.now, round)) answered.set(one.drawId, one)
    if (round !== 1) continue
    const between = join(home, 'between.sqlite')
    await withStore(live, (store) => store.backup(between))
    backups.push(between)
  }
  left = { live, second, backups, answered }
}, 60_000)

/** One process: what it answered before it was killed. */
async function roundOf(live: string, second: string, nowMs: number, seed: number) {
  const args = [live, second, String(nowMs), String(seed)]
  const program = new Program({ script: 'test/support/draw-load.ts', args })
  await program.line(/"hold"/)
  await delay(random.fraction() * LIFE_MS_MAX)
  await program.kill()
  // A line that was cut off was not answered.
  return program.lines(/^\{.*\}$/).map((line): Answered => JSON.parse(line))
}

async function withStore<Result>(dataDir: string, use: (store: Store) => Promise<Result>) {
  const store = openCommandStore({ dataDir, clock, random })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

async function drawsIn(dataDir: string): Promise<ReadonlyMap<string, Draw>> {
  return await withStore(dataDir, async (store) => {
    expect(await store.auditDraws()).toEqual([])
    const draws = new Map<string, Draw>()
    let cursor: string | null = null
    do {
      const filter = { states: 'all', bank: null, borrower: null } as const
      const page: Awaited<ReturnType<Store['listDraws']>> = await store.listDraws(
        SCOPE_ALL,
        filter,
        { cursor, limit: 500 },
      )
      for (const draw of page.rows) draws.set(draw.request.drawId, draw)
      cursor = page.nextCursor
    } while (cursor !== null)
    return draws
  })
}

/** Into a folder of its own; answers it with what the command said. */
async function restored(backup: string, second: string) {
  const folder = tempDir()
  writeIdentity(folder, 1, 7)
  const config = loadConfig({ file: null, env: {}, flags: { data_dir: folder } })
  const world = { clock: new FakeClock(Date.UTC(2026, 10, 28)), random, network: NO_NETWORK }
  const options = { secondJournal: second }
  const { stdout } = await runRestore({ config, world, json: true }, backup, options)
  return { folder, said: JSON.parse(stdout).second_journal }
}

describe('what was answered before the disk was lost', () => {
  test('was enough to say anything, and of every kind', () => {
    const calls = new Set([...left.answered.values()].map(({ call }) => call))
    expect(left.answered.size).toBeGreaterThan(20)
    expect([...calls].sort()).toEqual(expect.arrayContaining(['hold', 'post', 'void']))
  })

  test.each([0, 1])('is there again from backup %i and the second journal', async (which) => {
    const { folder, said } = await restored(left.backups[which] ?? '', left.second)
    expect(said).toMatchObject({ unknown_draws: [] })
    expect(said.decisions).toBeGreaterThan(0)
    const draws = await drawsIn(folder)
    for (const [drawId, answer] of left.answered) {
      const draw = draws.get(drawId)
      expect([drawId, draw !== undefined]).toEqual([drawId, true])
      if (draw === undefined || answer.version === undefined) continue
      expect(draw.version).toBeGreaterThanOrEqual(answer.version)
      if (draw.version > answer.version) continue
      const { claims, leases, state } = draw
      expect({ claims, leases, state }).toEqual({
        claims: answer.claims,
        leases: answer.leases,
        state: answer.state,
      })
    }
  })

  test('and what was decided but not answered, once the next process has begun', async () => {
    const live = tempDir()
    const second = tempDir()
    cpSync(left.live, live, { recursive: true })
    cpSync(left.second, second, { recursive: true })
    await withStore(live, async (store) => {
      const ledger = await store.ledgerState()
      const next = { folder: second, store, ledger, clock, logger: silentLogger }
      await new SecondJournal(next).start()
    })
    const { folder } = await restored(left.backups[0] ?? '', second)
    expect(await drawsIn(folder)).toEqual(await drawsIn(live))
  })

  test('a torn end is cut off and told, and loses nothing that was answered', async () => {
    const second = tempDir()
    cpSync(left.second, second, { recursive: true })
    const last = segmentFiles(second).at(-1)?.path ?? ''
    const before = await drawsIn((await restored(left.backups[0] ?? '', second)).folder)
    appendFileSync(last, readFileSync(last).subarray(-40).subarray(0, 33))
    const { folder, said } = await restored(left.backups[0] ?? '', second)
    expect(said.cut_off_bytes).toBeGreaterThanOrEqual(33)
    expect(await drawsIn(folder)).toEqual(before)
  })

  test('a damaged middle, and a segment that is missing, are refused by name', async () => {
    const second = tempDir()
    cpSync(left.second, second, { recursive: true })
    const files = segmentFiles(second)
    const first = files[0]?.path ?? ''
    const bytes = readFileSync(first)
    const at = bytes.indexOf('"state":"held"')
    bytes[at + 10] = 0x58
    writeFileSync(first, bytes)
    await expect(restored(left.backups[0] ?? '', second)).rejects.toMatchObject({
      code: 'verification_failed',
      message: expect.stringContaining(`${first} is damaged: byte`),
    })
    rmSync(first)
    await expect(restored(left.backups[0] ?? '', second)).rejects.toThrow(
      /decisions 1 to \d+ are missing/,
    )
    await expect(restored(left.backups[0] ?? '', tempDir())).rejects.toThrow('no segment at all')
  })

  test('a card is granted to nobody else once it is restored', async () => {
    const { folder } = await restored(left.backups[0] ?? '', left.second)
    const draws = [...(await drawsIn(folder)).values()]
    const live = draws.flatMap(({ claims }) => claims.filter(({ state }) => state !== 'ended'))
    const cards = live.map(({ acceleratorId }) => acceleratorId)
    expect(new Set(cards).size).toBe(cards.length)
    expect(cards.length).toBeGreaterThan(0)
  })
})
