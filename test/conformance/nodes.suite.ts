/** Lists of nodes narrowed, and the roster counted: the same nodes whichever way they are asked for. */
import type { ProbeFacts } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { NodeFilter } from '../../collector/src/storage/node-requests.ts'
import { SCOPE_ALL, type Scope } from '../../collector/src/storage/requests.ts'
import { type Fleet, factsCommit, MINUTE, T0, type TestNode } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const NO_FILTER: NodeFilter = {
  siteCode: null,
  nameContains: null,
  agentVersion: null,
  problem: null,
  unheardSinceMs: null,
  clockOffsetMsOver: null,
}
const LIMITS = { unheardSinceMs: T0 + 10 * MINUTE, clockOffsetMsOver: 2_000 }
const BEIJING: Scope = { regions: ['11'], sites: 'all' }

function probe(change: Partial<ProbeFacts>): ProbeFacts {
  return {
    vendor: 'nvidia',
    tool: 'nvml',
    toolVersion: '550.54',
    unitsFound: 8,
    cardsPresent: 8,
    problemCode: null,
    problem: null,
    ...change,
  }
}

async function tells(fleet: Fleet, node: TestNode, probes: readonly ProbeFacts[]): Promise<void> {
  const commit = factsCommit(node, [], {})
  const result = await fleet.store.commitFacts({ ...commit, facts: { ...commit.facts, probes } })
  if (result.status !== 'committed') throw new Error(result.status)
  node.watermark += 1
}

async function heard(fleet: Fleet, node: TestNode, atMs: number, offsetMs: number | null) {
  const { nodeId, generation } = node
  const touch = { nodeId, generation, lastHeardMs: atMs, heardAgoMs: 0, clockOffsetMs: offsetMs }
  await fleet.store.touchSessions([touch])
}

/** Two sites: well, hung tool and wrong clock, a card not read; in Shanghai one unheard, one revoked. */
async function build(fleet: Fleet) {
  await fleet.site('BJ-01', { regionCode: '110108' })
  await fleet.site('SH-01', { regionCode: '310115' })
  const well = await fleet.node('BJ-01', 'bj-well')
  const hung = await fleet.node('BJ-01', 'bj-hung')
  const short = await fleet.node('BJ-01', 'bj-short')
  await fleet.node('SH-01', 'sh-unheard')
  const revoked = await fleet.node('SH-01', 'sh-revoked')
  await tells(fleet, well, [probe({})])
  await tells(fleet, hung, [
    probe({ unitsFound: 0, problemCode: 'tool_timeout', problem: 'It hung.' }),
    probe({ vendor: 'ascend', problemCode: 'tool_timeout', problem: 'It hung.' }),
  ])
  await tells(fleet, short, [probe({ unitsFound: 7 })])
  await tells(fleet, revoked, [probe({ problemCode: 'tool_missing' })])
  for (const node of [well, hung, short]) await heard(fleet, node, T0 + 20 * MINUTE, 0)
  await heard(fleet, hung, T0 + 20 * MINUTE, -6_000)
  await heard(fleet, revoked, T0 + 20 * MINUTE, 9_000)
  await fleet.store.revokeNode({ nodeId: revoked.nodeId, atMs: T0, outbox: [] })
}

const FILTERS: readonly (readonly [string, Partial<NodeFilter>, readonly string[]])[] = [
  ['a site', { siteCode: 'SH-01' }, ['sh-revoked', 'sh-unheard']],
  ['a part of the name, in any case', { nameContains: 'HUNG' }, ['bj-hung']],
  ['a part of the id', { nameContains: 'n-0000000000000001' }, ['bj-well']],
  ['no wildcard in a name', { nameContains: '%' }, []],
  ['a version', { agentVersion: '0.1.0' }, ['bj-hung', 'bj-short', 'bj-well', 'sh-unheard']],
  ['a version that nobody runs', { agentVersion: '9.9.9' }, []],
  ['a problem', { problem: 'tool_timeout' }, ['bj-hung']],
  ['any problem, unread cards too', { problem: 'any' }, ['bj-hung', 'bj-short']],
  ['silence, of active nodes', { unheardSinceMs: LIMITS.unheardSinceMs }, ['sh-unheard']],
  ['a clock ahead or behind', { clockOffsetMsOver: 2_000 }, ['bj-hung']],
  ['two at once', { siteCode: 'BJ-01', clockOffsetMsOver: 2_000 }, ['bj-hung']],
]

export function nodesSuite(openFleet: OpenFleet): void {
  test.each(FILTERS)('nodes are narrowed by %s', async (_name, part, names) => {
    const fleet = await openFleet()
    await build(fleet)
    const filter = { ...NO_FILTER, ...part }
    const read = async (scope: Scope) => {
      const { rows } = await fleet.store.listNodes(scope, { cursor: null, limit: 100 }, filter)
      return rows.map(({ node }) => node.name).sort()
    }
    expect(await read(SCOPE_ALL)).toEqual(names)
    expect(await read(BEIJING)).toEqual(names.filter((name) => name.startsWith('bj')))
  })

  test('a narrowed list is paged like a whole one', async () => {
    const fleet = await openFleet()
    await build(fleet)
    const filter = { ...NO_FILTER, problem: 'any' }
    const names: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<Fleet['store']['listNodes']>> = await fleet.store.listNodes(
        SCOPE_ALL,
        { cursor, limit: 1 },
        filter,
      )
      names.push(...page.rows.map(({ node }) => node.name))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(names).toEqual(['bj-hung', 'bj-short'])
  })

  test('the counts are those of the lists, and revoked nodes are counted apart', async () => {
    const fleet = await openFleet()
    await build(fleet)
    expect(await fleet.store.readNodeHealth(SCOPE_ALL, LIMITS)).toEqual({
      active: 4,
      revoked: 1,
      connected: 4,
      silent: 1,
      neverConnected: 0,
      clockOff: 1,
      withProblem: 2,
      versions: [{ agentVersion: '0.1.0', nodes: 4 }],
      problems: [
        { vendor: 'ascend', code: 'tool_timeout', nodes: 1 },
        { vendor: 'nvidia', code: null, nodes: 1 },
        { vendor: 'nvidia', code: 'tool_timeout', nodes: 1 },
      ],
    })
  })

  test('the counts are of the scope alone', async () => {
    const fleet = await openFleet()
    await build(fleet)
    const none = await fleet.store.readNodeHealth({ regions: [], sites: 'all' }, LIMITS)
    expect(none).toMatchObject({ active: 0, silent: 0, versions: [], problems: [] })
    const some = await fleet.store.readNodeHealth(BEIJING, LIMITS)
    expect(some).toMatchObject({ active: 3, revoked: 0, silent: 0, clockOff: 1, withProblem: 2 })
  })

  test('the cards of a node are those that are placed on it now, with what they did', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    const other = await fleet.node('BJ-01')
    await fleet.cards(other, ['other'])
    await fleet.bookRuns(node, [
      ['free/proven', T0 + 10 * MINUTE],
      ['busy/active', T0 + 20 * MINUTE],
    ])
    const range = { fromMs: T0 + 15 * MINUTE, toMs: T0 + 30 * MINUTE, knownAtMs: T0 + 30 * MINUTE }
    const spans = await fleet.store.readNodeSpans(SCOPE_ALL, node.nodeId, range)
    expect(spans.map(({ unit }) => unit.unitId)).toEqual(node.units.map(({ unitId }) => unitId))
    for (const { unit } of spans) {
      const alone = await fleet.store.readUnitSpan(SCOPE_ALL, unit.unitId, range)
      expect(spans.find((span) => span.unit.unitId === unit.unitId)).toEqual(alone)
    }
    const elsewhere: Scope = { regions: ['31'], sites: 'all' }
    expect(await fleet.store.readNodeSpans(elsewhere, node.nodeId, range)).toEqual([])
  })
}
