/** C3: a record with a negative utilization is acknowledged with its reason; the queue goes on. */
import { decodeRecord, encodeRecord, type SpoolEntry } from '@yiben/shared'
import { expect, test } from 'vitest'
import { MemorySpool } from '../support/memory-spool.ts'
import { at, Country } from './country.ts'
import { cardsOf } from './machine.ts'

/** Writes the next tick with a utilization below nothing. */
class SpoilingSpool extends MemorySpool {
  isSpoiling = false

  override append(entries: readonly SpoolEntry[]) {
    return super.append(entries.map((entry) => this.#spoilt(entry)))
  }

  #spoilt(entry: SpoolEntry): SpoolEntry {
    const decoded = decodeRecord(entry.bytes, () => [0])
    if (!this.isSpoiling || decoded.status !== 'ok' || decoded.record.kind !== 'tick') return entry
    this.isSpoiling = false
    const { tick } = decoded.record
    const units = tick.units.map((unit) => ({ ...unit, utilizationSumPermille: -5 }))
    return { ...entry, bytes: encodeRecord({ kind: 'tick', tick: { ...tick, units } }) }
  }
}

test('C3: a refused minute is acknowledged, booked unknown(refused), shown, and holds nothing up', async () => {
  const country = await Country.open()
  const spool = new SpoilingSpool()
  const machine = await country.join({ cards: cardsOf('a', 1), spool })
  await country.runTo(at('08:30:30'))
  spool.isSpoiling = true
  await country.runTo(at('08:35:05'))
  expect(await country.story(1, at('08:29'))).toEqual([
    ['08:29:00', '08:30:00', 'free/proven'],
    ['08:30:00', '08:31:00', 'unknown/refused'],
    ['08:31:00', '08:35:00', 'free/proven'],
  ])
  const { refused } = await country.get('/v1/quality')
  expect(refused).toMatchObject({ total: 1, rows: [{ code: 'record_out_of_range' }] })
  expect(refused.rows[0].sentence).toContain('utilization')
  // Acknowledged like any other: the queue is empty and the line never closed.
  expect(spool.state()).toMatchObject({ ackedSeq: spool.state().lastSeq })
  expect(machine.linkState).toBe('online')
  expect(country.collector.gateway.sessionCount()).toBe(1)
  const { states } = await country.balance(at('08:00'), at('08:35'))
  expect(states.unknown_ms).toBe('60000')
})
