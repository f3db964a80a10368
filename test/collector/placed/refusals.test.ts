/** Refusals of draws placed at the parent: each by its name, from whoever says so. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { declined } from '../bank/draws-rig.ts'
import { HOUR, SITE } from '../bank/ledger-rig.ts'
import { CHILD, EVERYTHING, PlacedRig } from './rig.ts'

const OTHER = 'c-00000000000000c2'

let rig: PlacedRig

beforeEach(async () => {
  rig = await PlacedRig.start()
})
afterEach(() => rig.close())

const steps = () => rig.line.asked.map(({ kind }) => kind).filter((kind) => kind !== 'capacity')

describe('a refusal', () => {
  test('of the child is answered by its name, and stays under the id', async () => {
    const lots = await rig.lots(2)
    const [first] = lots
    const wanted = [{ lot_id: first?.lot_id ?? '', cards: 5 }]
    const refused = await rig.hold('a', { lots: wanted })
    expect([refused.status, refused.body.code]).toEqual([409, 'not_enough'])
    expect(refused.body.draw).toMatchObject({ state: 'refused', draw_id: 'a' })
    const asked = steps().length
    expect((await rig.hold('a', { lots: wanted })).body.code).toBe('not_enough')
    expect(steps()).toHaveLength(asked)
    for (const nodeId of [rig.sites.here, rig.sites.there]) {
      rig.child.lending.link.answers.set(nodeId, () => declined('veto'))
    }
    const vetoed = await rig.hold('b', { lots })
    expect([vetoed.body.code, vetoed.body.reason]).toEqual(['declined', 'veto'])
  })

  test('that passes is told, and the draw goes on being asked for', async () => {
    const lots = await rig.lots()
    rig.child.lending.guards.isAccused = true
    const told = await rig.hold('a', { lots })
    expect([told.status, told.body.code, told.body.draw.state]).toEqual([
      503,
      'clock_accused',
      'asking',
    ])
    rig.child.lending.guards.isAccused = false
    await rig.pass(2_000)
    expect((await rig.shown('a')).state).toBe('held')
  })

  test('of lots of two ledgers, of no child, of pools booked: each by its name', async () => {
    const lots = await rig.lots()
    const spans = await rig.hold('a', { lots: [...lots, { lot_id: `l-1@${OTHER}`, cards: 1 }] })
    expect([spans.status, spans.body.code]).toEqual([409, 'spans_ledgers'])
    const mixed = await rig.hold('b', { lots: [...lots, { lot_id: 'l-1', cards: 1 }] })
    expect(mixed.body.code).toBe('spans_ledgers')
    const nobody = await rig.hold('c', { lots: [{ lot_id: `l-1@${OTHER}`, cards: 1 }] })
    expect(nobody.body.code).toBe('lot_unknown')
    for (const [index, lot] of ['l-1@', 'l-1@x', `l-1@${'y'.repeat(100)}`].entries()) {
      const { body } = await rig.hold(`d-${index}`, { lots: [{ lot_id: lot, cards: 1 }] })
      expect(body.code).toBe('lot_unknown')
    }
    expect((await rig.shown('a')).state).toBe('refused')
    expect(steps()).toEqual([])
  })

  test('without consent nothing is searched or drawn; what was drawn before goes on', async () => {
    const lots = await rig.lots()
    await rig.hold('a', { lots })
    rig.enroll(CHILD, 'east', rig.child, null)
    const { body } = await rig.parent.get('/v1/capacity?cards=1', 'bank')
    expect([body.satisfied, body.lots, body.children]).toEqual([false, [], []])
    const closed = await rig.hold('b', { lots })
    expect([closed.status, closed.body.code]).toEqual([409, 'child_closed'])
    expect((await rig.step('a', 'post')).body.state).toBe('posted')
  })

  test('is never told of what was granted before the consent was taken back', async () => {
    const lots = await rig.lots()
    rig.line.faults = ['lose_answer', 'lose_answer']
    expect((await rig.hold('a', { lots })).body.state).toBe('asking')
    rig.enroll(CHILD, 'east', rig.child, null)
    expect((await rig.hold('a', { lots })).body.state).toBe('asking')
    expect((await rig.hold('a', { lots })).body.state).toBe('held')
    rig.enroll(CHILD, 'east', rig.child, { ...EVERYTHING, cardsMax: 1 })
    expect((await rig.step('a', 'post')).body.state).toBe('posted')
  })

  test('of what the consent does not cover: sites, cards, hours', async () => {
    const all = await rig.parent.get('/v1/capacity', 'bank')
    const lotAt = (site: string) =>
      all.body.lots.find((lot: { site_code: string }) => lot.site_code === site)
    rig.enroll(CHILD, 'east', rig.child, { siteCodes: [SITE], cardsMax: 1, forMsMax: HOUR })
    const shown = (await rig.parent.get('/v1/capacity', 'bank')).body
    expect(shown.lots.map(({ site_code: site }: { site_code: string }) => site)).toEqual([SITE])
    const codeOf = async (id: string, lot: { lot_id: string }, cards: number, hours = 1) => {
      const { body } = await rig.hold(id, { lots: [{ lot_id: lot.lot_id, cards }], hours })
      return [body.code ?? body.state, body.reason]
    }
    expect(await codeOf('a', lotAt('NM-01'), 1)).toEqual(['lot_unknown', null])
    expect(await codeOf('b', lotAt(SITE), 2)).toEqual(['child_closed', 'cards'])
    expect(await codeOf('c', lotAt(SITE), 1, 2)).toEqual(['child_closed', 'hours'])
    expect((await codeOf('d', lotAt(SITE), 1))[0]).toBe('held')
  })

  test('of who may not see it: the draw is unknown, its id is in use', async () => {
    const lots = await rig.lots()
    await rig.hold('a', { lots })
    const token = await rig.parent.token({ role: 'bank', regionCode: '510000' })
    expect((await rig.parent.get('/v1/draws/a', { token })).body.code).toBe('draw_unknown')
    const step = await rig.parent.ask('POST', '/v1/draws/a/post', { token })
    expect([step.status, step.body.code]).toEqual([404, 'draw_unknown'])
    expect((await rig.hold('a', { lots }, { token })).body.code).toBe('id_reused')
    // Its own draws it sees from the first; cards come from within what it may see: none here.
    const own = await rig.hold('b', { lots }, { token })
    expect([own.body.code, own.body.draw.draw_id]).toEqual(['lot_unknown', 'b'])
  })
})
