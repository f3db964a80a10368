/** Draws placed at a parent, over HTTP on both sides: granted by the child, whatever is lost on the way. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { drawIdBelow } from '../../../collector/src/placed/ids.ts'
import { TwoSites } from '../api/two-sites.ts'
import { HOUR, MINUTE } from '../bank/ledger-rig.ts'
import { CHILD, EVERYTHING, PARENT_KEY, PlacedRig } from './rig.ts'

let rig: PlacedRig

beforeEach(async () => {
  rig = await PlacedRig.start()
})
afterEach(() => rig.close())

const steps = () => rig.line.asked.map(({ kind }) => kind).filter((kind) => kind !== 'capacity')

describe('a draw placed at the parent', () => {
  test('is found, held, posted, given back, and known to be over, by the child’s word', async () => {
    const found = (await rig.parent.get('/v1/capacity?cards=2', 'bank')).body
    expect(found).toMatchObject({ satisfied: true, cards: 2 })
    expect(found.lots[0]).toMatchObject({ path: [CHILD], take_cards: 2 })
    expect(found.lots[0].lot_id).toMatch(/^l-[0-9a-f]{16}@c-00000000000000c1$/)
    expect(found.children).toMatchObject([{ path: [CHILD], name: 'east', heard: true, cards: 2 }])

    const lots = await rig.lots(2)
    const held = await rig.hold('a', { lots })
    expect([held.status, held.body]).toMatchObject([
      201,
      { draw_id: 'a', state: 'held', cards_live: 2, lots, placed: { path: [CHILD] } },
    ])
    expect(held.text).not.toContain('node_id')
    const posted = await rig.step('a', 'post')
    expect([posted.status, posted.body]).toMatchObject([
      200,
      { state: 'posted', placed: { waiting_for: null }, leases: [{}] },
    ])
    const account = drawIdBelow(PARENT_KEY, 'a')
    expect(posted.body.leases[0].handover.account).toBe(account)
    expect((await rig.child.get(`/v1/draws/${account}`, 'bank')).body).toMatchObject({
      draw_id: account,
      state: 'posted',
      bank: 'bank',
      borrower: 'borrower',
      contract: 'c-1',
    })

    await rig.sites.minute()
    const back = await rig.step('a', 'return')
    expect(back.body.cards.map(({ state }: { state: string }) => state)).toEqual([
      'cleaning',
      'cleaning',
    ])
    await rig.sites.minute()
    await rig.pass(6_000)
    expect(await rig.shown('a')).toMatchObject({ state: 'ended', cards: [{ end: 'returned' }, {}] })
    // Nothing of it is in the parent's accounts, nor counted among its own draws.
    expect((await rig.parent.get('/v1/draws', 'bank')).body.draws).toEqual([])
    const { body } = await rig.parent.get('/v1/draws?placed=true&state=ended', 'bank')
    expect(body.draws.map(({ draw_id: id }: { draw_id: string }) => id)).toEqual(['a'])
    const { store } = rig.parent.context
    await rig.parent.settle()
    const kinds = (await store.readJournal(0, 1_000)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind.startsWith('draw_'))).toEqual(
      kinds.filter((kind) => kind === 'draw_placed'),
    )
    expect(kinds).not.toContain('accounts_settled')
    expect(await store.readDueDraws('lending', Number.MAX_SAFE_INTEGER, 10)).toEqual([])
  })

  test('tells each change once, in order, by the feed of the parent', async () => {
    await rig.hold('a')
    await rig.step('a', 'post')
    await rig.parent.settle()
    const { changes } = (await rig.parent.get('/v1/changes', 'bank')).body
    const told = changes.filter(({ kind }: { kind: string }) => kind === 'draw_placed')
    expect(told.map(({ draw }: { draw: { state: string } }) => draw.state)).toEqual([
      'asking',
      'held',
      'posting',
      'posted',
    ])
    expect(told[3].draw).toMatchObject({ draw_id: 'a', version: 4, path: [CHILD] })
  })

  test('is the same draw however often it is asked for, and once at the child', async () => {
    const lots = await rig.lots()
    const first = await rig.hold('a', { lots })
    const again = await rig.hold('a', { lots })
    expect([first.status, again.status]).toEqual([201, 200])
    expect(again.body).toEqual(first.body)
    const posted = await rig.step('a', 'post')
    expect((await rig.step('a', 'post')).body).toEqual(posted.body)
    expect(steps()).toEqual(['hold', 'post'])
    const other = await rig.hold('a', { lots, contract: 'c-2' })
    expect([other.status, other.body.code, other.body.draw]).toEqual([409, 'id_reused', null])
  })

  test('has an id that no own draw of the parent has, and the other way round', async () => {
    await rig.hold('a')
    const own = await rig.parent.ask('POST', '/v1/draws', 'bank', {
      draw_id: 'a',
      bank: 'bank',
      borrower: 'borrower',
      contract: 'c-1',
      hours: 1,
      pool: { cards: 1 },
    })
    expect([own.status, own.body.code]).toEqual([409, 'id_reused'])
    // A bank of the child's own may use the same id, and touches nothing of the parent's.
    const childs = await rig.sites.hold('a', { pool: { cards: 1 } })
    expect([childs.status, childs.body.draw_id]).toEqual([201, 'a'])
    expect((await rig.shown('a')).state).toBe('held')
  })

  test('is not a bank’s of the child to change, nor its id one to choose', async () => {
    await rig.hold('a')
    const id = drawIdBelow(PARENT_KEY, 'a')
    const voided = await rig.sites.step(id, 'void')
    expect([voided.status, voided.body.code]).toEqual([403, 'forbidden'])
    const chosen = await rig.sites.hold('up:x')
    expect([chosen.status, chosen.body.code]).toEqual([400, 'request_invalid'])
    expect((await rig.atChild('a'))?.state).toBe('held')
  })

  test('of a second parent is another draw at the child', () => {
    const ids = [PARENT_KEY, 'bb'.repeat(32)].map((key) => drawIdBelow(key, 'a'))
    expect(new Set([...ids, drawIdBelow(PARENT_KEY, 'b')]).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9._:-]{1,64}$/)
  })
})

describe('what is lost on the way', () => {
  test('a question that does not arrive leaves it asking, and is asked again', async () => {
    const lots = await rig.lots()
    rig.line.faults = ['lose_question']
    const asking = await rig.hold('a', { lots })
    expect([asking.status, asking.body]).toMatchObject([
      202,
      { state: 'asking', cards: [], placed: { waiting_for: 'hold', told_at: null } },
    ])
    expect(await rig.atChild('a')).toBeNull()
    await rig.pass(2_000)
    expect((await rig.shown('a')).state).toBe('held')
  })

  test('an answer that does not arrive is the same answer later, and one grant', async () => {
    const lots = await rig.lots()
    rig.line.faults = ['lose_answer']
    expect((await rig.hold('a', { lots })).status).toBe(202)
    const granted = await rig.atChild('a')
    expect(granted?.state).toBe('held')
    rig.line.faults = ['lose_answer']
    expect((await rig.hold('a', { lots })).body.state).toBe('asking')
    expect((await rig.hold('a', { lots })).body.state).toBe('held')
    expect(await rig.atChild('a')).toEqual(granted)
  })

  test('a question that arrives twice is done once', async () => {
    rig.line.faults = ['none', 'twice']
    expect((await rig.hold('a')).body.state).toBe('held')
    rig.line.faults = ['twice']
    expect((await rig.step('a', 'post')).body.state).toBe('posted')
    expect((await rig.atChild('a'))?.version).toBe(2)
  })

  test('the child is silent at the post: posting, for as long as it takes, and posted once', async () => {
    await rig.hold('a', { hold_ms: 300_000 })
    rig.line.isCut = true
    const posting = await rig.step('a', 'post')
    expect([posting.status, posting.body]).toMatchObject([
      202,
      { state: 'posting', placed: { waiting_for: 'post' } },
    ])
    await rig.pass(30_000)
    expect((await rig.step('a', 'post')).body.state).toBe('posting')
    // Nothing else is asked of it meanwhile, least of all to give it up.
    const voided = await rig.step('a', 'void')
    expect([voided.status, voided.body.code]).toEqual([409, 'wrong_state'])
    rig.line.reconnect()
    await rig.pass(1_000)
    expect((await rig.shown('a')).state).toBe('posted')
    expect((await rig.atChild('a'))?.state).toBe('posted')
  })

  test('a hold that the child let lapse meanwhile is told as such, never as posted', async () => {
    await rig.hold('a')
    rig.line.isCut = true
    expect((await rig.step('a', 'post')).body.state).toBe('posting')
    await rig.sites.minute()
    await rig.sites.minute()
    rig.line.reconnect()
    const told = await rig.step('a', 'post')
    expect([told.status, told.body.code, told.body.draw.state]).toEqual([
      409,
      'hold_lapsed',
      'lapsed',
    ])
    expect((await rig.shown('a')).placed.refusal.code).toBe('hold_lapsed')
  })

  test('a hold that nobody has answered can be given up behind it', async () => {
    const lots = await rig.lots()
    rig.line.faults = ['lose_answer', 'lose_answer']
    await rig.hold('a', { lots })
    expect((await rig.step('a', 'void')).body.state).toBe('asking')
    await rig.pass(3_000)
    expect((await rig.shown('a')).state).toBe('voided')
    expect((await rig.atChild('a'))?.state).toBe('voided')
  })

  test('the parent is killed between writing and sending: the next process asks', async () => {
    const lots = await rig.lots()
    rig.line.isHanging = true
    void rig.below.draws.hold({
      request: (await requestOf(rig, lots)) as never,
      actor: 'bank',
      scope: { regions: 'all', sites: 'all' },
    })
    await rig.parent.rig.clock.run(1)
    expect((await rig.parent.context.store.findPlaced('k'))?.steps).toEqual([{ kind: 'hold' }])
    expect(await rig.atChild('k')).toBeNull()
    rig.line.isHanging = false
    await rig.pass(1_000)
    expect((await rig.atChild('k'))?.state).toBe('held')
    expect((await rig.parent.context.store.findPlaced('k'))?.told?.state).toBe('held')
  })

  test('the child is restarted between hold and post: nodes are asked anew', async () => {
    await rig.hold('a')
    rig.childRestarts()
    expect((await rig.step('a', 'post')).body.state).toBe('posted')
    expect(rig.child.control.lending?.link.asked).toHaveLength(1)
  })

  test('a child that was restored and has forgotten the draw is told of it in its own words', async () => {
    await rig.hold('a')
    await rig.step('a', 'post')
    const other = await TwoSites.start()
    other.api.control.reconciling = { isRecovering: () => true } as never
    other.api.lending.guards.isRecovering = true
    rig.enroll(CHILD, 'east', other.api, EVERYTHING)
    rig.line.asked.length = 0
    await rig.pass(6_000)
    expect(steps().slice(0, 2)).toEqual(['states', 'hold'])
    // It does not know yet: what it said last stands.
    expect((await rig.shown('a')).state).toBe('posted')
    const back = await rig.step('a', 'return')
    expect([back.status, back.body.code, back.body.draw?.placed.waiting_for]).toEqual([
      503,
      'recovering',
      'return',
    ])
    await other.api.close()
  })

  test('what is no answer counts as none', async () => {
    const lots = await rig.lots()
    const child = rig.line.children.get(CHILD)
    const garbage = { status: 'answered' as const, body: new Uint8Array([1, 2, 3]) }
    if (child === undefined) throw new Error('there is a child')
    const { answerer } = child
    rig.line.children.set(CHILD, {
      name: 'east',
      answerer: { isOpen: true, answer: async () => garbage } as never,
    })
    expect((await rig.hold('a', { lots })).body.state).toBe('asking')
    const { body } = await rig.parent.get('/v1/capacity?cards=1', 'bank')
    expect(body.children).toMatchObject([{ path: [CHILD], heard: false }])
    rig.line.children.set(CHILD, { name: 'east', answerer })
    expect((await rig.hold('a', { lots })).body.state).toBe('held')
  })
})

describe('a card', () => {
  test('that two want, at the child and at the parent, is granted to one', async () => {
    const all = await rig.parent.get('/v1/capacity?children=true', 'bank')
    const lot = all.body.lots[0].lot_id
    const own = (await rig.child.get('/v1/capacity', 'bank')).body.lots.map(
      (one: { lot_id: string }) => one.lot_id,
    )
    expect(own).toContain(lot.split('@')[0])
    const results = await Promise.all([
      rig.hold('a', { lots: [{ lot_id: lot, cards: 2 }] }),
      rig.hold('b', { lots: [{ lot_id: lot, cards: 2 }] }),
      rig.sites.hold('a', { pool: undefined, lots: [{ lot_id: lot.split('@')[0], cards: 2 }] }),
    ])
    expect(results.filter(({ status }) => status === 201)).toHaveLength(1)
    const live = await rig.child.context.store.readLiveDraws('all')
    expect(live).toHaveLength(1)
  })

  test('that its owner takes back is told at the parent within seconds', async () => {
    await rig.hold('a')
    await rig.step('a', 'post')
    await rig.sites.minute()
    const { leases } = await rig.shown('a')
    const recalled = await rig.child.control.recall({
      leaseId: leases[0].lease_id,
      noticeMs: 5 * MINUTE,
      cause: 'maintenance',
    })
    expect(recalled.status).toBe('recalled')
    await rig.pass(6_000)
    const [card] = (await rig.shown('a')).cards
    expect([card.recall_cause, card.recall_at]).toEqual(['maintenance', expect.any(String)])
  })
})

test('consent has no effect on what a bank of the child sees of the parent’s draws', async () => {
  rig.enroll(CHILD, 'east', rig.child, EVERYTHING)
  await rig.hold('a')
  const { body } = await rig.child.get('/v1/draws', 'bank')
  expect(body.draws.map(({ draw_id: id }: { draw_id: string }) => id)).toEqual([
    drawIdBelow(PARENT_KEY, 'a'),
  ])
})

async function requestOf(_rig: PlacedRig, lots: readonly { lot_id: string; cards: number }[]) {
  const { canonicalDraw } = await import('../../../collector/src/bank/draw-request.ts')
  const canonical = canonicalDraw({
    drawId: 'k',
    bank: 'bank',
    borrower: 'borrower',
    contract: 'c-1',
    what: { kind: 'cards', lots: lots.map(({ lot_id: lotId, cards }) => ({ lotId, cards })) },
    forMs: HOUR,
  })
  if (canonical.status !== 'ok') throw new Error(canonical.field)
  return canonical.request
}
