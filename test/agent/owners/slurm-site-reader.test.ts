import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type Random, silentLogger } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OwnerToolCall, OwnerToolResult } from '../../../agent/src/owners/owner.ts'
import { SiteReader, type SiteReaderOptions } from '../../../agent/src/owners/slurm-site-reader.ts'
import { fixture } from '../../support/captures.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const INTERVAL_MS = 30_000
const JITTER_MS_MAX = 3_000
const TURNS_MAX = 100_000

function answered(stdout: string): OwnerToolResult {
  return { status: 'exited', exitCode: 0, stdout, stderr: '' }
}
const NODES_IDLE = answered(fixture('slurm/22.05.8__node__idle.txt'))
const NODES_IN_USE = answered(fixture('slurm/22.05.8__node__some-in-use.txt'))
const JOBS_IN_USE = answered(fixture('slurm/22.05.8__job__some-in-use.txt'))
const UNREACHABLE: OwnerToolResult = {
  status: 'exited',
  exitCode: 1,
  stdout: '',
  stderr: 'slurm_load_node error: Unable to contact slurm controller (connect failure)\n',
}

type Answer = (what: 'node' | 'job') => OwnerToolResult | 'dies'

/** Some readers of one file, and each question with the time it was asked. */
class Readers {
  readonly file: string
  readonly clock = new FakeClock()
  readonly asked: { readonly what: string; readonly atMs: number }[] = []
  readonly calls: OwnerToolCall[] = []
  answer: Answer = () => NODES_IDLE
  readonly readers: SiteReader[] = []
  #alive = 0

  constructor(folder = tempDir()) {
    this.file = join(folder, 'site')
  }

  add(
    options: Partial<SiteReaderOptions> = {},
    seed = this.readers.length + 1,
    random: Random = new FakeRandom(seed),
  ): SiteReader {
    const bank = { account: null, partition: null }
    const reader = new SiteReader(
      {
        file: this.file,
        nodeName: 'typed',
        intervalMs: INTERVAL_MS,
        confDir: null,
        bank,
        ...options,
      },
      {
        clock: this.clock,
        random,
        log: silentLogger,
        run: (call) => this.#run(call),
      },
    )
    this.readers.push(reader)
    this.#alive += 1
    reader.start()
    return reader
  }

  async run(ms: number, stepMs = 500): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      this.clock.advance(stepMs)
      await this.#turnsEnd()
    }
  }

  header() {
    return JSON.parse(readFileSync(this.file, 'utf8').split('\n')[0] ?? '')
  }

  gaps(): number[] {
    return this.asked.slice(1).map(({ atMs }, at) => atMs - (this.asked[at]?.atMs ?? 0))
  }

  /** Each reader that lives has its next turn ahead of it. */
  async #turnsEnd(): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn += 1) {
      if (this.clock.pendingTimers() >= this.#alive) return
      await setImmediate()
    }
    throw new Error('a turn does not end')
  }

  #run(call: OwnerToolCall): Promise<OwnerToolResult> {
    const what = call.args.at(-1) === 'job' ? 'job' : 'node'
    this.calls.push(call)
    this.asked.push({ what, atMs: this.clock.monotonicMs() })
    const answer = this.answer(what)
    if (answer !== 'dies') return Promise.resolve(answer)
    // Its process is gone: nothing more comes of this reader, and its claim stays.
    this.#alive -= 1
    return new Promise(() => {})
  }
}

describe('one reader', () => {
  test('asks soon after its start, then once per interval and jitter', async () => {
    const site = new Readers()
    site.add()
    await site.run(600_000)
    expect(site.asked[0]?.atMs).toBeLessThanOrEqual(JITTER_MS_MAX + 500)
    expect(site.asked.length).toBeGreaterThan(600_000 / (INTERVAL_MS + JITTER_MS_MAX + 500))
    for (const gapMs of site.gaps()) expect(gapMs).toBeGreaterThanOrEqual(INTERVAL_MS)
  })

  test('asks for all nodes of the site in one call, with their details', async () => {
    const site = new Readers()
    site.add()
    await site.run(5_000)
    expect(site.calls).toMatchObject([{ tool: 'scontrol', args: ['-a', '-d', 'show', 'node'] }])
  })

  test('is told where the configuration lies by the environment', async () => {
    const site = new Readers()
    site.add({ confDir: '/opt/slurm/etc' })
    await site.run(5_000)
    expect(site.calls).toMatchObject([
      {
        tool: 'env',
        args: ['SLURM_CONF=/opt/slurm/etc/slurm.conf', 'scontrol', '-a', '-d', 'show', 'node'],
      },
    ])
  })

  test('that starts again waits for what is left of the interval', async () => {
    const site = new Readers()
    const first = site.add()
    await site.run(5_000)
    await first.stop()
    const again = new Readers(join(site.file, '..'))
    again.clock.stepWall(site.clock.wallMs() - again.clock.wallMs() + 1_000)
    again.add()
    await again.run(60_000)
    const [{ atMs } = { atMs: 0 }] = again.asked
    const [{ atMs: beforeMs } = { atMs: 0 }] = site.asked
    expect(atMs + 5_000 + 1_000 - beforeMs).toBeGreaterThanOrEqual(INTERVAL_MS)
  })

  test('a file from the future delays it by no more than an interval', async () => {
    const site = new Readers()
    site.clock.stepWall(3_600_000)
    const first = site.add()
    await site.run(5_000)
    await first.stop()
    const again = new Readers(join(site.file, '..'))
    again.add()
    await again.run(INTERVAL_MS + 2 * JITTER_MS_MAX + 1_000)
    expect(again.asked.length).toBe(1)
  })

  test('asks for jobs only while the node alone does not tell which card is in use', async () => {
    const site = new Readers()
    site.add()
    await site.run(120_000)
    expect(new Set(site.asked.map(({ what }) => what))).toEqual(new Set(['node']))
    site.answer = (what) => (what === 'job' ? JOBS_IN_USE : NODES_IN_USE)
    await site.run(300_000)
    const since = site.asked.slice(-6).map(({ what }) => what)
    expect(since.join()).toMatch(/(node,job,node|job,node,job)/)
    for (const gapMs of site.gaps()) expect(gapMs).toBeGreaterThanOrEqual(INTERVAL_MS)
  })

  test('takes turns from the start where the bank’s jobs are to be recognised', async () => {
    const site = new Readers()
    site.answer = (what) => (what === 'job' ? JOBS_IN_USE : NODES_IN_USE)
    site.add({ bank: { account: 'bank', partition: null } })
    await site.run(140_000)
    expect(site.asked.map(({ what }) => what)).toEqual(['node', 'job', 'node', 'job', 'node'])
    const lines = readFileSync(site.file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines[0]).toMatchObject({ knowsBank: true, jobs: { failure: null } })
    expect(lines[2]).toMatchObject({ node: 'typed', jobs: { claims: { gpu: { 0: 'bank' } } } })
  })
})

describe('what fails', () => {
  test.each<[string, OwnerToolResult, RegExp]>([
    [
      'slurmctld is gone',
      UNREACHABLE,
      /show node failed: slurm_load_node error: Unable to contact/,
    ],
    [
      'no tool',
      { status: 'missing', sentence: 'scontrol is not there.' },
      /^scontrol is not there\.$/,
    ],
    [
      'no answer in time',
      { status: 'timeout', sentence: 'It did not answer.' },
      /^It did not answer\.$/,
    ],
    ['an answer in no known layout', answered('Hello\n'), /printed nothing in a known layout/],
    ['silence', { ...UNREACHABLE, stderr: '' } as OwnerToolResult, /exit code 1/],
  ])('%s is told to the whole site, and asked again no sooner', async (_name, result, words) => {
    const site = new Readers()
    site.add()
    await site.run(5_000)
    site.answer = () => result
    await site.run(120_000)
    const { nodes } = site.header()
    expect(nodes.failure).toMatch(words)
    expect(nodes.answeredAtMs).toBeLessThan(nodes.attemptedAtMs)
    for (const gapMs of site.gaps()) expect(gapMs).toBeGreaterThanOrEqual(INTERVAL_MS)
    site.answer = () => NODES_IDLE
    await site.run(40_000)
    expect(site.header().nodes.failure).toBeNull()
  })

  test('jobs that cannot be told leave what the nodes say', async () => {
    const site = new Readers()
    site.answer = (what) =>
      what === 'job' ? { status: 'too_large', sentence: 'Too many jobs.' } : NODES_IN_USE
    site.add({ bank: { account: 'bank', partition: null } })
    await site.run(70_000)
    expect(site.header()).toMatchObject({
      nodes: { failure: null },
      jobs: { failure: 'Too many jobs.' },
    })
  })

  test('a file of somebody else is never overwritten, and slurmctld is not asked', async () => {
    const site = new Readers()
    writeFileSync(site.file, 'precious\n')
    const reader = site.add()
    await site.run(120_000)
    expect(readFileSync(site.file, 'utf8')).toBe('precious\n')
    expect(site.asked).toEqual([])
    expect(reader.problem).toMatch(/cannot read Slurm for its site: .*was not written by a reader/)
  })

  test('a folder that is not there is told, and its coming is noticed', async () => {
    const site = new Readers(join(tempDir(), 'later'))
    const reader = site.add()
    await site.run(40_000)
    expect(reader.problem).toMatch(/ENOENT/)
    expect(site.asked).toEqual([])
    mkdirSync(join(site.file, '..'))
    await site.run(40_000)
    expect(reader.problem).toBeNull()
    expect(site.asked.length).toBe(1)
  })

  test('a folder that nobody may write in: slurmctld is not asked', async () => {
    const folder = tempDir()
    const site = new Readers(folder)
    chmodSync(folder, 0o555)
    const reader = site.add()
    await site.run(40_000)
    chmodSync(folder, 0o755)
    // Root may write everywhere.
    if (process.getuid?.() !== 0) {
      expect(reader.problem).toMatch(/EACCES/)
      expect(site.asked).toEqual([])
    }
  })
})

describe('several readers', () => {
  test('share one interval, and one that dies while asking is succeeded', async () => {
    const site = new Readers()
    for (let reader = 0; reader < 3; reader += 1) site.add()
    await site.run(300_000)
    const before = site.asked.length
    expect(before).toBeGreaterThan(300_000 / (INTERVAL_MS + JITTER_MS_MAX + 500) - 1)
    site.answer = () => 'dies'
    await site.run(40_000)
    site.answer = () => NODES_IDLE
    await site.run(120_000)
    expect(site.asked.length).toBeGreaterThan(before + 1)
    for (const gapMs of site.gaps()) expect(gapMs).toBeGreaterThanOrEqual(INTERVAL_MS)
    expect(existsSync(`${site.file}.asking`)).toBe(false)
  })

  test('one that asks between the look and the claim of another is noticed', async () => {
    const other = new Readers()
    const otherReader = other.add()
    await other.run(5_000)
    await otherReader.stop()
    const site = new Readers()
    const random = new FakeRandom(1)
    site.add({}, 1, {
      fraction: () => random.fraction(),
      // Called for the claim's id: after the look, before the claim.
      bytes: (length) => {
        copyFileSync(other.file, site.file)
        return random.bytes(length)
      },
    })
    await site.run(INTERVAL_MS)
    expect(site.asked).toEqual([])
    await site.run(JITTER_MS_MAX + 2_000)
    expect(existsSync(`${site.file}.asking`)).toBe(false)
  })

  test('however they start, fail and die: never two questions within an interval', async () => {
    const anyEvent = fc.record({
      event: fc.constantFrom('join', 'die', 'fail', 'answer'),
      afterMs: fc.integer({ min: 500, max: 90_000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 8 }), fc.nat(1000), async (events, seed) => {
        const site = new Readers()
        site.add({}, seed)
        for (const { event, afterMs } of events) {
          if (event === 'join') site.add({}, seed + site.readers.length)
          if (event === 'die') {
            let hasDied = false
            site.answer = () => {
              if (hasDied) return NODES_IDLE
              hasDied = true
              return 'dies'
            }
          }
          if (event === 'fail') site.answer = () => UNREACHABLE
          if (event === 'answer') site.answer = () => NODES_IDLE
          await site.run(afterMs, 1_000)
        }
        for (const gapMs of site.gaps()) expect(gapMs).toBeGreaterThanOrEqual(INTERVAL_MS)
      }),
      { numRuns: 15 },
    )
  })
})

describe('the end', () => {
  test('stops asking and lets go of the claim', async () => {
    const site = new Readers()
    const reader = site.add()
    await site.run(5_000)
    await reader.stop()
    site.clock.advance(600_000)
    expect(site.asked.length).toBe(1)
    expect(existsSync(`${site.file}.asking`)).toBe(false)
    expect(site.clock.pendingTimers()).toBe(0)
  })

  test('of one that hangs while asking is not waited for', async () => {
    const site = new Readers()
    const reader = site.add()
    site.answer = () => 'dies'
    await site.run(5_000)
    const stopped = reader.stop()
    site.clock.advance(1_000)
    await stopped
    expect(site.calls[0]?.signal?.aborted).toBe(true)
  })

  test('while asking is no failure of Slurm, and counts as a question', async () => {
    const site = new Readers()
    const reader = site.add()
    await site.run(5_000)
    const before = site.header().nodes
    let stopped: Promise<void> | null = null
    site.answer = () => {
      stopped = reader.stop()
      return { status: 'killed', sentence: 'It was stopped.' }
    }
    site.clock.advance(INTERVAL_MS + JITTER_MS_MAX)
    for (let turn = 0; turn < TURNS_MAX && stopped === null; turn += 1) await setImmediate()
    await stopped
    const { nodes } = site.header()
    expect(nodes).toEqual({ ...before, attemptedAtMs: nodes.attemptedAtMs })
    expect(nodes.attemptedAtMs).toBeGreaterThan(before.attemptedAtMs)
  })

  test('an interval below the least is not taken', async () => {
    const site = new Readers()
    site.add({ intervalMs: 1_000 })
    await site.run(120_000)
    for (const gapMs of site.gaps()) expect(gapMs).toBeGreaterThanOrEqual(INTERVAL_MS)
  })
})
