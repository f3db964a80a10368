/**
 * Every question of the interface, asked by every role that is bound to one province: no answer holds
 * a word of the other's. And by the bank, which is told of no node. New routes are walked by
 * themselves: the list is the interface's own description.
 */
import { creditCheckCharacter } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { ROLES, type Role } from '../../../collector/src/storage/requests.ts'
import { HOUR, MINUTE, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

interface Place {
  readonly site: string
  readonly siteName: string
  readonly region: string
  readonly operator: string
  readonly operatorName: string
  readonly draw: string
  readonly borrower: string
  /** Filled in by the seed. */
  nodeId: string
  cards: readonly string[]
}

function place(letter: string, region: string): Place {
  const stem = `91${region}MA0${letter}PER15`
  return {
    site: `${letter}${letter}-01`,
    siteName: `hall of ${letter}`,
    region,
    operator: stem + creditCheckCharacter(stem),
    operatorName: `operator of ${letter}`,
    draw: `draw-${letter}`,
    borrower: `borrower-${letter}`,
    nodeId: '',
    cards: [],
  }
}

const EAST = place('H', '330100')
const SOUTH = place('G', '440100')
const PLACES = [EAST, SOUTH] as const
/** Some hundred questions each. */
const SLOW_MS = 60_000
const iso = (ms: number) => new Date(ms).toISOString()

let api: ApiRig

beforeAll(async () => {
  api = await ApiRig.start()
  for (const [index, one] of PLACES.entries()) await seed(one, index + 1)
  for (let minute = 0; minute < 2; minute += 1) await live()
  for (const one of PLACES) {
    const pool = { cards: 1, site: one.site }
    const body = {
      draw_id: one.draw,
      bank: 'bank',
      borrower: one.borrower,
      contract: 'c',
      hours: 1,
    }
    const held = await api.ask('POST', '/v1/draws', 'bank', { ...body, pool })
    expect([held.status, held.text]).toEqual([expect.any(Number), expect.stringContaining('held')])
    const posted = await api.ask('POST', `/v1/draws/${one.draw}/post`, 'bank')
    expect(posted.text).toContain('posted')
  }
  await live()
  await live()
  await api.ask('POST', '/v1/draws/draw-H/return', 'bank')
  api.rig.clock.advance(3 * HOUR)
  await api.settle()
  const { accelerators } = (await api.get('/v1/accelerators')).body
  for (const one of PLACES) {
    one.cards = accelerators
      .filter((row: { node_id: string }) => row.node_id === one.nodeId)
      .map((row: { accelerator_id: number }) => String(row.accelerator_id))
  }
  for (const role of ROLES) await api.get('/v1/sites', role)
  await api.context.audit.round()
})
afterAll(() => api.close())

async function seed(one: Place, number: number): Promise<void> {
  const { rig } = api
  const nodeId = await rig.admit(number, [{}, {}], one.site)
  one.nodeId = nodeId
  const handover = { kind: 'slurm', isFenced: true, endpoint: 'login', queue: 'bank' } as const
  await rig.policy(nodeId, { handover, minFreeMs: MINUTE })
  await rig.store.putSite({
    code: one.site,
    name: one.siteName,
    terms: {
      operatorCode: one.operator,
      operatorName: one.operatorName,
      ownerCode: one.operator,
      ownerName: one.operatorName,
      regionCode: one.region,
      keep: [],
      validFromMs: START_MS - HOUR,
      validToMs: null,
    },
    outbox: [],
  })
  await rig.store.putDeclared(
    {
      siteCode: one.site,
      model: 'H800 SXM',
      cards: 4,
      declaredMilliP: 4_000n,
      basis: 'fp16_dense',
      declaredAtMs: rig.now,
      author: one.operatorName,
    },
    [],
  )
}

async function live(): Promise<void> {
  api.rig.clock.advance(MINUTE)
  for (const { nodeId } of PLACES) await api.rig.tellLate(nodeId as NodeId, [['free/proven', 60]])
  await api.settle()
}

/** What nobody bound elsewhere may read. */
function marksOf(one: Place): readonly string[] {
  return [
    one.site,
    one.siteName,
    one.region,
    one.operator,
    one.operatorName,
    one.draw,
    one.borrower,
    one.nodeId,
  ]
}

interface Parameter {
  readonly in: string
  readonly name: string
  readonly required?: boolean
  readonly schema?: { readonly enum?: readonly string[] }
}

/** Streams, whose answer does not end, and files of what is walked as csv already. */
const NOT_WALKED = /^\/v1\/live$|\.xlsx$/

/** Each question in each of its groupings and grains, on whatever its path may name. */
function questions(): readonly string[] {
  const paths = Object.entries(api.app.swagger().paths ?? {})
  return paths.flatMap(([path, operations]) => {
    const get = (operations as { readonly get?: { readonly parameters?: readonly Parameter[] } })
      .get
    if (get === undefined || NOT_WALKED.test(path)) return []
    const parameters = get.parameters ?? []
    const query = parameters.filter((one) => one.in === 'query')
    const required = query.filter(({ required }) => required).map(({ name }) => name)
    const base = new URLSearchParams(
      Object.fromEntries(required.map((name) => [name, questionValue(name, path)])),
    )
    if (query.some(({ name }) => name === 'purpose')) base.set('purpose', 'a walk')
    const varied = query
      .filter(({ name }) => ['by', 'grain', 'open', 'format'].includes(name))
      .flatMap(({ name, schema }) => (schema?.enum ?? []).map((word) => [name, word] as const))
    const queries = [base, ...varied.map(([name, word]) => withWord(base, name, word))]
    return filled(path).flatMap((url) => queries.map((one) => `${url}?${one}`))
  })
}

function withWord(base: URLSearchParams, name: string, word: string): URLSearchParams {
  const varied = new URLSearchParams(base)
  varied.set(name, word)
  return varied
}

function questionValue(name: string, path: string): string {
  if (name === 'seq') return '1'
  if (path.startsWith('/v1/journal') && name === 'from') return '1'
  if (name === 'from') return iso(START_MS)
  if (name === 'to') return iso(START_MS + HOUR)
  return '1'
}

/** What a path names, by how it begins; a path that is not here is tried with everything. */
const NAMED: readonly (readonly [RegExp, (one: Place) => readonly string[]])[] = [
  [/\/(accelerators)\//, ({ cards }) => cards],
  [/\/nodes\//, ({ nodeId }) => [nodeId]],
  [/\/draws\//, ({ draw }) => [draw]],
  [/\/sites\//, ({ site }) => [site]],
  [/\/(accounts|owner-statement)/, ({ operator }) => [operator]],
  [/\/(borrowers|borrower-statement)/, ({ borrower }) => [borrower]],
  [/\/journal\//, () => [iso(START_MS)]],
]

/** On things of both places. */
function filled(path: string): readonly string[] {
  if (!path.includes('{')) return [path]
  const [, valuesOf] = NAMED.find(([pattern]) => pattern.test(path)) ?? [null, everything]
  return [...new Set(PLACES.flatMap(valuesOf))].map((value) =>
    path.replace(/\{[^}]+\}/, encodeURIComponent(value)),
  )
}

function everything(one: Place): readonly string[] {
  const { borrower, cards, draw, nodeId, operator, region, site } = one
  return [site, nodeId, draw, operator, borrower, region, ...cards]
}

const BOUND: readonly (readonly [string, Place, Place, 'region' | 'site'])[] = [
  ['the province of H', EAST, SOUTH, 'region'],
  ['the province of G', SOUTH, EAST, 'region'],
  ['a site in H', EAST, SOUTH, 'site'],
]

describe.each(BOUND)('bound to %s', { timeout: SLOW_MS }, (_name, own, other, by) => {
  test.each(ROLES)('%s reads nothing of elsewhere, by any question', async (role: Role) => {
    const scope =
      by === 'site' ? { siteCode: own.site } : { regionCode: `${own.region.slice(0, 2)}0000` }
    const token = await api.token({ role, ...scope })
    const leaks: string[] = []
    for (const url of questions()) {
      const { status, text } = await api.get(url, { token })
      expect([url, status]).not.toEqual([url, 500])
      // What the asker named themselves comes back in the refusal.
      const unsaid = marksOf(other).filter((mark) => !url.includes(encodeURIComponent(mark)))
      const said = unsaid.filter((mark) => text.includes(mark))
      if (said.length > 0) leaks.push(`${url} ${status}: ${said.join(', ')}`)
      const isForeign = marksOf(other).some((mark) => url.includes(`/${encodeURIComponent(mark)}`))
      if (isForeign && status === 200 && !isEmpty(text)) leaks.push(`${url} ${status}: ${text}`)
    }
    expect(leaks).toEqual([])
  })
})

/** Statements and codes of nobody known are answered with nothing in them. */
function isEmpty(text: string): boolean {
  return !/"(lines|promises|draws)":\[\{|"cards":[1-9]/.test(text)
}

test(
  'the bank is told of no node, by any question',
  async () => {
    const leaks: string[] = []
    for (const url of questions()) {
      const { text } = await api.get(url, 'bank')
      for (const { nodeId } of PLACES) {
        if (text.includes(nodeId) && !url.includes(nodeId)) leaks.push(url)
      }
    }
    expect(leaks).toEqual([])
  },
  SLOW_MS,
)

test(
  'what is hidden is there to be hidden: an administrator of all reads every word',
  async () => {
    const seen = new Set<string>()
    for (const url of questions()) {
      const { text } = await api.get(url, 'admin')
      for (const mark of PLACES.flatMap(marksOf)) {
        if (text.includes(mark) && !url.includes(encodeURIComponent(mark))) seen.add(mark)
      }
    }
    expect([...seen].sort()).toEqual(PLACES.flatMap(marksOf).sort())
  },
  SLOW_MS,
)
