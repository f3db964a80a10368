/** A nation, a province, a site: what is asked goes down the path and comes up again, with nothing kept between. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Answerer } from '../../../collector/src/placed/answerer.ts'
import { drawIdBelow } from '../../../collector/src/placed/ids.ts'
import { ApiRig } from '../api/api-rig.ts'
import { EVERYTHING, FakeLine, PARENT_KEY, PlacedRig } from './rig.ts'

const PROVINCE_KEY = 'bb'.repeat(32)
const PROVINCE = 'c-00000000000000a1'
const SITE = 'c-00000000000000b1'
const PATH = [PROVINCE, SITE]

let nation: PlacedRig
let province: ApiRig
/** From the province to its site. */
let line: FakeLine

function site(consent: typeof EVERYTHING | null = EVERYTHING): Answerer {
  const { child } = nation
  return new Answerer({
    parentKey: PROVINCE_KEY,
    consent,
    clock: child.rig.clock,
    name: 'site',
    context: () => child.context,
    line: () => new FakeLine(),
  })
}

beforeEach(async () => {
  nation = await PlacedRig.start()
  province = await ApiRig.start()
  line = new FakeLine()
  line.children.set(SITE, { name: 'site', answerer: site() })
  nation.line.children.clear()
  nation.enroll(PROVINCE, 'province', province, EVERYTHING, line)
})
afterEach(async () => {
  await nation.close()
  await province.close()
})

const idAtSite = (id: string) => drawIdBelow(PROVINCE_KEY, drawIdBelow(PARENT_KEY, id))
const atSite = (id: string) => nation.child.context.store.findDraw(idAtSite(id))

describe('three levels', () => {
  test('a draw is found, held, posted and over, and is in the journal of its owner alone', async () => {
    const found = (await nation.parent.get('/v1/capacity?cards=2', 'bank')).body
    expect(found).toMatchObject({ satisfied: true, lots: [{ path: PATH, take_cards: 2 }] })
    expect(found.children).toMatchObject([
      { path: [PROVINCE], name: 'province', heard: true, cards: 0 },
      { path: PATH, name: 'site', heard: true, satisfied: true },
    ])
    const held = await nation.hold('a', { lots: await nation.lots(2) })
    expect([held.status, held.body]).toMatchObject([
      201,
      { draw_id: 'a', state: 'held', placed: { path: PATH }, lots: [found.lots[0]].map(lotOf) },
    ])
    expect((await nation.step('a', 'post')).body.state).toBe('posted')
    expect((await atSite('a'))?.state).toBe('posted')
    expect((await province.get('/v1/draws')).body.draws).toEqual([])
    expect((await province.get('/v1/draws?placed=true')).body.draws).toEqual([])

    await nation.sites.minute()
    await nation.step('a', 'return', { cards: [1] })
    await nation.sites.minute()
    await nation.step('a', 'return')
    await nation.sites.minute()
    await nation.pass(6_000)
    expect(await nation.shown('a')).toMatchObject({ state: 'ended', cards_live: 0 })
  })

  test('a site that its province does not hear is named, and asked when it is back', async () => {
    const lots = await nation.lots()
    line.faults = ['lose_question']
    const { children } = (await nation.parent.get('/v1/capacity?cards=1', 'bank')).body
    expect(children).toMatchObject([
      { path: [PROVINCE], heard: true },
      { path: PATH, name: 'site', heard: false },
    ])
    line.faults = ['lose_question', 'lose_answer']
    expect((await nation.hold('a', { lots })).body.state).toBe('asking')
    expect((await nation.hold('a', { lots })).body.state).toBe('asking')
    expect((await nation.hold('a', { lots })).body.state).toBe('held')
    expect((await atSite('a'))?.version).toBe(1)
  })

  test('each level lets draw only what it consents to', async () => {
    const lots = await nation.lots()
    line.children.set(SITE, { name: 'site', answerer: site(null) })
    expect((await nation.hold('a', { lots })).body.code).toBe('child_closed')
    line.children.set(SITE, { name: 'site', answerer: site() })
    nation.enroll(PROVINCE, 'province', province, { ...EVERYTHING, siteCodes: ['NM-01'] }, line)
    const shown = (await nation.parent.get('/v1/capacity', 'bank')).body.lots
    expect(shown.map((lot: { site_code: string }) => lot.site_code)).toEqual(['NM-01'])
    nation.enroll(PROVINCE, 'province', province, { ...EVERYTHING, cardsMax: 1 }, line)
    const two = await nation.hold('b', { lots: await nation.lots(2) })
    expect([two.body.code, two.body.reason]).toEqual(['child_closed', 'cards'])
    nation.enroll(PROVINCE, 'province', province, null, line)
    expect((await nation.hold('c', { lots })).body.code).toBe('child_closed')
  })

  test('a step that the site refuses is refused by that name at the nation', async () => {
    const lots = await nation.lots()
    await nation.hold('a', { lots })
    await nation.sites.minute()
    const late = await nation.step('a', 'post')
    expect([late.status, late.body.code, late.body.draw.state]).toEqual([
      409,
      'hold_lapsed',
      'lapsed',
    ])
    await nation.pass(6_000)
    expect((await nation.shown('a')).state).toBe('lapsed')
  })

  test('a search ends, though somebody has put the levels in a ring', async () => {
    const ring = new FakeLine()
    ring.children.set(PROVINCE, {
      name: 'again',
      answerer: new Answerer({
        parentKey: PROVINCE_KEY,
        consent: EVERYTHING,
        clock: province.rig.clock,
        name: 'again',
        context: () => province.context,
        line: () => ring,
      }),
    })
    nation.enroll(PROVINCE, 'province', province, EVERYTHING, ring)
    const { children } = (await nation.parent.get('/v1/capacity?cards=1', 'bank')).body
    expect(children.map(({ path }: { path: string[] }) => path.length)).toEqual([1, 2, 3, 4])
    const deep = { lot_id: `l-1${`@${PROVINCE}`.repeat(5)}`, cards: 1 }
    expect((await nation.hold('a', { lots: [deep] })).body.code).toBe('lot_unknown')
    expect(ring.asked.map(({ kind }) => kind)).toEqual(['capacity', 'capacity', 'capacity'])
  })
})

function lotOf({ lot_id, take_cards: cards }: { lot_id: string; take_cards: number }) {
  return { lot_id, cards }
}
