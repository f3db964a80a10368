/** C2: NTP steps a node's clock by +40 s, then by -40 s; no interval moves, overlaps or is refused. */
import { expect, test } from 'vitest'
import { at, Country, MINUTE, SECOND } from './country.ts'
import { cardsOf } from './machine.ts'

test('C2: steps of +40 s and -40 s move no interval, refuse nothing, and end no deposit', async () => {
  const country = await Country.open()
  const machine = await country.join({ cards: cardsOf('a', 1) })
  await country.run(30 * MINUTE)
  machine.stepWall(40_000)
  await country.run(10 * MINUTE)
  expect(machine.agent.status().clock.stepMs).toBe(40_000)
  machine.stepWall(-40_000)
  await country.run(10 * MINUTE)
  expect(machine.agent.status().clock.stepMs).toBe(-40_000)

  await country.runTo(at('09:00:05'))
  expect(await country.story(1, at('08:00:30'))).toEqual([['08:00:30', '09:00:00', 'free/proven']])
  await country.balance(at('08:00'), country.nowMs)
  const quality = await country.get('/v1/quality')
  expect(quality).toMatchObject({
    refused: { total: 0 },
    silences: { total: 0 },
    clock_gaps: { total: 0 },
    // Newest first, each told by the tick it was seen in.
    clock_steps: {
      total: 2,
      rows: [
        { node_id: machine.nodeId, at: '2026-03-01T08:41:00.000Z', step_ms: -40_000 },
        { node_id: machine.nodeId, at: '2026-03-01T08:31:00.000Z', step_ms: 40_000 },
      ],
    },
  })
  expect(await country.deposits()).toMatchObject([{ closedAtMs: null }])
})

test('C2: the next anchor carries the step: after a reboot it is on the quality page, and nothing is deposited', async () => {
  const country = await Country.open()
  const machine = await country.join({ cards: cardsOf('a', 1) })
  await country.runTo(at('08:30:00') + SECOND / 2)
  const { nodeId } = machine
  machine.stepWall(40 * SECOND)
  machine.powerOff()
  machine.start()
  await country.run(20 * MINUTE)
  const { clock_offsets, refused } = await country.get('/v1/quality')
  expect(clock_offsets).toMatchObject({ total: 1, rows: [{ node_id: nodeId, depositable: false }] })
  expect(Math.abs(clock_offsets.rows[0].clock_offset_ms + 40 * SECOND)).toBeLessThan(SECOND)
  expect(refused.total).toBe(0)
  // The clock of the node says so: the collector never rewrites a stamp.
  expect((await country.story(1, at('08:29'))).slice(0, 2)).toEqual([
    ['08:29:00', '08:30:00', 'free/proven'],
    ['08:30:00', '08:30:40.500Z', 'unknown/reboot'],
  ])
  expect((await country.stages()).deposited).toBe(0)
  await country.balance(at('08:00'), country.nowMs)
})
