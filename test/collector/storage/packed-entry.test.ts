/** Journal entries come out of the store as they went in, in whatever form they are kept. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packEntry, unpackEntry } from '../../../collector/src/storage/packed-entry.ts'

const ENTRY = Buffer.from(
  '{"at_ms":1735689600000,"generation":1,"kind":"lot_changed","payload":{"cards":2,"closed":[{"accelerator_id":6,"closed_at_ms":1735689600000,"deposit_id":"d-0f84f18a4cda7d65","opened_at_ms":1735682400000,"reason":"window_ended","unit_id":6,"window_start_ms":1735679600000}],"lot_id":"l-34a9df894b9a88ed","model":"GeForce RTX 4090","node_id":"n-00a5c6"},"seq":56,"v":1}',
)

test('whatever is packed comes out the same', () => {
  const anyEntry = fc.oneof(
    fc.uint8Array({ maxLength: 2_000 }),
    fc.json().map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(anyEntry, (entry) => {
      expect([...unpackEntry(packEntry(entry), 1)]).toEqual([...entry])
    }),
  )
})

test('an entry takes a third of its bytes', () => {
  expect(packEntry(ENTRY).length).toBeLessThan(ENTRY.length / 3)
})

test('an entry that was kept as it is comes out as it is', () => {
  expect(unpackEntry(ENTRY, 1)).toBe(ENTRY)
})

test('a damaged entry is a failure of the disk, not another entry', () => {
  const packed = packEntry(ENTRY)
  const cut = packed.subarray(0, packed.length - 20)
  const longer = Buffer.concat([packed, Buffer.from(' ')])
  const unknown = Uint8Array.of(9, 1, 2)
  for (const damaged of [cut, longer, unknown, Uint8Array.of(), packed.subarray(0, 1)]) {
    expect(() => unpackEntry(damaged, 1)).toThrow(expect.objectContaining({ code: 'disk_failed' }))
  }
})
