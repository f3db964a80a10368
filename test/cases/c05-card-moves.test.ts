/** C5: a card is taken out of node A at 09:00 and shown by node B at 11:00. */
import { expect, test } from 'vitest'
import { at, between, Country, iso, SECOND } from './country.ts'
import { cardsOf } from './machine.ts'

test('C5: a move: 09:00-11:00 is unknown at the site of A, which ends at its last proof; B begins at its first', async () => {
  const country = await Country.open()
  const a = await country.join({ cards: cardsOf('x', 1), siteCode: 'SITE-A' })
  await country.runTo(at('09:00:00') + SECOND / 2)
  a.powerOff()
  const b = await country.machine({ cards: cardsOf('x', 1), siteCode: 'SITE-B' })
  await country.runTo(at('11:00:00'))
  b.start()
  await country.runTo(at('11:10:05'))

  const [atA, atB] = await country.placements()
  expect(atA).toMatchObject({
    site_code: 'SITE-A',
    valid_to: iso(at('09:00')),
    valid_to_reason: 'moved',
    in_conflict: false,
  })
  expect(atB).toMatchObject({
    site_code: 'SITE-B',
    valid_from: iso(at('11:00')),
    valid_to: null,
    accelerator_id: atA.accelerator_id,
    in_conflict: false,
    counted: true,
  })
  expect(await country.story(1, at('08:59'), 0)).toEqual([
    ['08:59:00', '09:00:00', 'free/proven'],
    ['09:00:00', '11:00:00', 'unknown/silent'],
  ])
  expect(await country.story(1, at('08:59'), 1)).toEqual([['11:00:00', '11:10:00', 'free/proven']])
  expect((await country.balance(at('09:00'), at('11:10'))).states).toMatchObject({
    unknown_ms: '7200000',
    free_ms: '600000',
  })
  expect((await country.stages()).connected).toBe(1)

  await country.runTo(at('13:05'))
  const { rows } = await country.get(
    `/v1/rollups?grain=hour&by=site&${between(at('09:00'), at('11:00'))}`,
  )
  expect(rows).toHaveLength(2)
  for (const row of rows) {
    expect(row.key).toBe('SITE-A')
    expect(row.models[0].figures.unknown_ms).toBe('3600000')
  }
})

test('C5: time after 11:00 that the spool of A proves makes a conflict: A counts on, B is broken', async () => {
  const country = await Country.open()
  const a = await country.join({ cards: cardsOf('x', 1), siteCode: 'SITE-A' })
  await country.runTo(at('09:00:00') + SECOND / 2)
  a.setLine('silent')
  const b = await country.machine({ cards: cardsOf('x', 1), siteCode: 'SITE-B' })
  await country.runTo(at('11:00:00'))
  b.start()
  await country.runTo(at('11:30:30'))
  expect(await country.stages()).toMatchObject({ connected: 1, deposited: 1 })

  a.setLine('up')
  await country.runTo(at('11:35:05'))
  const [atA, atB] = await country.placements()
  expect(atA).toMatchObject({ valid_to: null, in_conflict: true, counted: true })
  expect(atB).toMatchObject({ in_conflict: true, counted: false })
  expect((await country.get('/v1/quality')).conflicts).toMatchObject({
    total: 1,
    rows: [{ kept_unit_id: atA.unit_id, other_unit_id: atB.unit_id, from: iso(at('11:00')) }],
  })
  expect(await country.story(1, at('08:59'), 0)).toEqual([['08:59:00', '11:35:00', 'free/proven']])
  expect(await country.stages()).toMatchObject({ connected: 1, free: 1, deposited: 0 })
  const deposits = await country.deposits()
  expect(deposits.map(({ unitId, closeReason }) => [unitId, closeReason])).toEqual([
    [atA.unit_id, 'silent'],
    [atB.unit_id, 'conflict'],
  ])
  await country.balance(at('08:00'), country.nowMs)
})

test('C5: a card that went on from B to C while the spool of A proves time at A counts there alone', async () => {
  const country = await Country.open()
  const a = await country.join({ cards: cardsOf('x', 1), siteCode: 'SITE-A' })
  await country.runTo(at('09:00:00') + SECOND / 2)
  a.setLine('silent')
  const b = await country.machine({ cards: cardsOf('x', 1), siteCode: 'SITE-B' })
  await country.runTo(at('11:00:00'))
  b.start()
  await country.runTo(at('11:10:30'))
  b.powerOff()
  const c = await country.machine({ cards: cardsOf('x', 1), siteCode: 'SITE-C' })
  await country.runTo(at('12:00:00'))
  c.start()
  await country.runTo(at('12:05:05'))
  const before = await country.placements()
  expect(before.map(({ counted }) => counted)).toEqual([true, true, true])

  a.setLine('up')
  await country.runTo(at('12:10:05'))
  const [atA, atB, atC] = await country.placements()
  expect(atA).toMatchObject({ valid_to: null, in_conflict: true, counted: true })
  expect(atB).toMatchObject({ valid_to_reason: 'moved', in_conflict: true, counted: false })
  expect(atC).toMatchObject({ valid_to: null, in_conflict: true, counted: false })
  const { conflicts } = await country.get('/v1/quality')
  const kept = { kept_unit_id: atA.unit_id, from: iso(at('11:00')) }
  expect(conflicts.total).toBe(2)
  expect(conflicts.rows).toMatchObject([
    { ...kept, other_unit_id: atC.unit_id },
    { ...kept, other_unit_id: atB.unit_id },
  ])
  expect(await country.stages()).toMatchObject({ connected: 1, free: 1 })
  await country.balance(at('08:00'), country.nowMs)

  await country.runTo(at('14:05'))
  const { rows } = await country.get(
    `/v1/rollups?grain=hour&by=site&${between(at('11:00'), at('12:00'))}`,
  )
  expect(rows.map(({ key }: { readonly key: string }) => key)).toEqual(['SITE-A'])
})
