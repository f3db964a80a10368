import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { OwnerToolResult, Possession } from '../../../agent/src/owners/owner.ts'
import { createSlurmOwner, type SlurmOwnerOptions } from '../../../agent/src/owners/slurm.ts'
import { parseNodes } from '../../../agent/src/owners/slurm-answers.ts'
import {
  NEVER_ASKED,
  type SiteHeader,
  writeSite,
} from '../../../agent/src/owners/slurm-site-file.ts'
import { fixture } from '../../support/captures.ts'
import { FAKE_START_MS, FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const TURNS_MAX = 100_000
const AGE_MS_MAX = 120_000
const UNITS = [0, 1, 2, 3].map((number) => ({
  key: `card-${number}`,
  parentKey: null,
  vendor: 'nvidia' as const,
  pciAddress: null,
  deviceFile: `/dev/nvidia${number}`,
  ids: [],
}))
const ANSWERED: SiteHeader = {
  knowsBank: false,
  nodes: { attemptedAtMs: FAKE_START_MS, answeredAtMs: FAKE_START_MS, failure: null },
  jobs: NEVER_ASKED,
}
const IN_USE = fixture('slurm/22.05.8__node__some-in-use.txt')

/** A node of a site: its files below `root`, the site's file, an owner that reads both. */
class Node {
  readonly root = tempDir()
  readonly file = join(this.root, 'site')
  readonly clock = new FakeClock()
  readonly logged: { readonly fields: object; readonly message: string }[] = []
  answer: OwnerToolResult = { status: 'exited', exitCode: 0, stdout: IN_USE, stderr: '' }

  constructor() {
    this.write('/etc/slurm/slurm.conf', 'SlurmdSpoolDir=/var/spool/slurmd\n')
    this.write('/etc/slurm/gres.conf', 'Name=gpu Type=a100 File=/dev/nvidia[0-3]\n')
  }

  write(path: string, text: string): string {
    const file = join(this.root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }

  async told(header: Partial<SiteHeader> = {}, text = IN_USE): Promise<void> {
    const nodes = (parseNodes(text) ?? []).map((node) => ({ ...node, jobs: null }))
    await writeSite(this.file, { header: { ...ANSWERED, ...header }, nodes }, 'test')
  }

  owner(options: Partial<SlurmOwnerOptions> = {}) {
    const note = (fields: object, message: string) => void this.logged.push({ fields, message })
    const log = { error: note, warn: note, info: note, debug: note, child: () => log }
    return createSlurmOwner(
      {
        file: this.file,
        readers: [],
        intervalMs: 30_000,
        ageMsMax: AGE_MS_MAX,
        nodeName: 'typed',
        confDir: null,
        deviceFiles: [],
        bankAccount: null,
        bankPartition: null,
        bankReservation: null,
        ...options,
      },
      {
        clock: this.clock,
        random: new FakeRandom(1),
        log,
        run: async () => this.answer,
        rootPrefix: this.root,
      },
    )
  }
}

type Owner = ReturnType<Node['owner']>

async function ask(node: Node, owner: Owner): Promise<readonly (Possession | undefined)[]> {
  const answer = await owner.possession({ atMs: node.clock.wallMs(), units: UNITS })
  return UNITS.map(({ key }) => answer.get(key))
}

async function words(node: Node, owner: Owner): Promise<string> {
  return (await ask(node, owner)).map((one) => one?.status ?? 'left out').join(' ')
}

async function sentence(node: Node, owner: Owner): Promise<string> {
  const [first] = await ask(node, owner)
  return first?.status === 'unproven' ? first.sentence : `it is ${first?.status}`
}

describe('possession by Slurm', () => {
  test('follows the site’s file and gres.conf of the node', async () => {
    const node = new Node()
    const owner = node.owner()
    await node.told()
    expect(await words(node, owner)).toBe('given nobody nobody given')
    node.write('/etc/slurm/gres.conf', 'Name=gpu Type=a100 File=/dev/nvidia[3,2,1,0]\n')
    await node.told({}, IN_USE.replace('(IDX:0,3)', '(IDX:0,1)'))
    node.clock.advance(1_000)
    expect(await words(node, owner)).toBe('nobody nobody given given')
    expect(owner.problems).toEqual([])
  })

  test('one look serves all vendors of a round', async () => {
    const node = new Node()
    const owner = node.owner()
    await node.told()
    await words(node, owner)
    rmSync(node.file)
    expect(await words(node, owner)).toBe('given nobody nobody given')
    node.clock.advance(1_000)
    expect(await words(node, owner)).toBe('unproven unproven unproven unproven')
  })

  test('a stated order of device files stands in the place of gres.conf', async () => {
    const node = new Node()
    rmSync(join(node.root, 'etc/slurm/gres.conf'))
    await node.told()
    const deviceFiles = [1, 0, 2, 3].map((number) => `/dev/nvidia${number}`)
    expect(await words(node, node.owner({ deviceFiles }))).toBe('nobody given nobody given')
  })

  test('a reader asks, and its own node reads the answer', async () => {
    const node = new Node()
    const owner = node.owner({ readers: ['other', 'typed'] })
    expect([owner.isReader, owner.questions]).toEqual([true, 0])
    expect(node.owner({ readers: ['other'] }).isReader).toBe(false)
    node.clock.advance(3_000)
    for (let turn = 0; turn < TURNS_MAX && node.clock.pendingTimers() === 0; turn += 1) {
      await setImmediate()
    }
    expect(await words(node, owner)).toBe('given nobody nobody given')
    expect(owner.questions).toBe(1)
    await owner.stop()
  })

  test('the bank’s account needs a reader that knows it', async () => {
    const node = new Node()
    const jobs = { attemptedAtMs: FAKE_START_MS, answeredAtMs: FAKE_START_MS, failure: null }
    await node.told({ jobs })
    expect(await sentence(node, node.owner({ bankAccount: 'bank' }))).toMatch(
      /reader of this site does not know the bank/,
    )
  })
})

describe('a job that begins on the node', () => {
  test.each<[string, number, string]>([
    [
      'after Slurm was asked: what was nobody’s is unproven',
      1_000,
      'given unproven unproven given',
    ],
    ['within the time by which clocks may differ', -1_000, 'given unproven unproven given'],
    ['before: it is in the answer', -3_000, 'given nobody nobody given'],
  ])('%s', async (_name, afterMs, expected) => {
    const node = new Node()
    await node.told()
    const socket = node.write('/var/spool/slurmd/typed_7.4294967291', '')
    const atSeconds = (FAKE_START_MS + afterMs) / 1000
    utimesSync(socket, atSeconds, atSeconds)
    expect(await words(node, node.owner())).toBe(expected)
  })
})

describe('a Slurm that is configured and silent', () => {
  const asked = (more: object) => ({ nodes: { ...ANSWERED.nodes, ...more } })

  test.each<[string, (node: Node) => Promise<unknown>, RegExp]>([
    [
      'no file yet',
      async () => {},
      /site is not there yet: is the agent of one of owner\.slurm\.readers/,
    ],
    [
      'a failed question',
      (node) => node.told(asked({ failure: 'It is gone.' })),
      /^Slurm did not answer this site's reader: It is gone\.$/,
    ],
    ['never answered', (node) => node.told(asked({ answeredAtMs: null })), /has not been asked/],
    [
      'an old answer',
      (node) => node.told(asked({ answeredAtMs: FAKE_START_MS - AGE_MS_MAX - 1_000 })),
      /last asked for this site 121 s ago/,
    ],
    [
      'an answer from the future',
      (node) => node.told(asked({ answeredAtMs: FAKE_START_MS + 6_000 })),
      /clocks .* differ by 6 s/,
    ],
    [
      'a node Slurm does not know',
      (node) => node.told({}, IN_USE.replaceAll('typed', 'other')),
      /knows no node "typed": set owner\.slurm\.node_name/,
    ],
    [
      'a file that is none',
      async (node) => node.write('site', '{}\n'),
      /site cannot be read: it was not written/,
    ],
    [
      'no gres.conf',
      async (node) => {
        rmSync(join(node.root, 'etc/slurm/gres.conf'))
        await node.told()
      },
      /^\/etc\/slurm\/gres\.conf cannot be read \(ENOENT\): set owner\.slurm\.conf_dir/,
    ],
    [
      'a gres.conf with a broken list',
      async (node) => {
        node.write('/etc/slurm/gres.conf', 'Name=gpu File=/dev/nvidia[0-\n')
        await node.told()
      },
      /A list of names in \/etc\/slurm\/gres\.conf cannot be read/,
    ],
  ])('%s: unproven, with a sentence', async (_name, prepare, expected) => {
    const node = new Node()
    await prepare(node)
    const owner = node.owner()
    expect(await sentence(node, owner)).toMatch(expected)
    expect(await words(node, owner)).toBe('unproven unproven unproven unproven')
  })

  test('a reader that stops proves less and less, also for a clock that stands', async () => {
    const node = new Node()
    await node.told()
    const owner = node.owner()
    expect(await words(node, owner)).toBe('given nobody nobody given')
    node.clock.advance(AGE_MS_MAX)
    node.clock.stepWall(-AGE_MS_MAX)
    expect(await words(node, owner)).toBe('given nobody nobody given')
    node.clock.advance(1_000)
    expect(await sentence(node, owner)).toMatch(/last asked for this site 121 s ago/)
  })

  test('a file system that hangs is told within the time an owner has, and holds nobody', async () => {
    const node = new Node()
    execFileSync('sh', ['-c', `mkfifo '${node.file}'`])
    const owner = node.owner()
    const first = sentence(node, owner)
    await setImmediate()
    node.clock.advance(1_500)
    expect(await first).toMatch(/site could not be read: not within 1500 ms/)
    const second = sentence(node, owner)
    await setImmediate()
    node.clock.advance(1_500)
    expect(await second).toMatch(/not within 1500 ms/)
    closeSync(openSync(node.file, constants.O_WRONLY))
    await owner.stop()
  })

  test('what stands in the way is logged when it begins and when it ends', async () => {
    const node = new Node()
    const owner = node.owner()
    for (const isTold of [false, false, true, true, false]) {
      if (isTold) await node.told()
      else rmSync(node.file, { force: true })
      node.clock.advance(1_000)
      await words(node, owner)
      expect(owner.problems.length).toBe(isTold ? 0 : 1)
    }
    expect(node.logged.map(({ message }) => message)).toEqual([
      'possession cannot be told',
      'possession can be told again',
      'possession cannot be told',
    ])
  })
})
