/** What comes over the line is read with bounds, or is no answer at all. */
import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { drawIdBelow, lotAtOwner, lotFrom, placementOf } from '../../../collector/src/placed/ids.ts'
import {
  askedStatesSchema,
  packed,
  toldCapacitySchema,
  toldResultSchema,
  toldStatesSchema,
  unpacked,
} from '../../../collector/src/placed/words.ts'

const SCHEMAS: readonly z.ZodType<unknown>[] = [
  toldResultSchema,
  toldStatesSchema,
  toldCapacitySchema,
  askedStatesSchema,
]

test('what was packed is read again', () => {
  const words = { draws: [{ draw_id: 'a', version: 3 }] }
  expect(unpacked(askedStatesSchema, packed(words))).toEqual(words)
})

test('whatever bytes come, nothing is thrown, and nothing is made of them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const schema of SCHEMAS) expect(unpacked(schema, bytes)).toBeNull()
    }),
  )
})

test('whatever JSON comes, only what says it all is read', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const schema of SCHEMAS) {
        const read = unpacked(schema, packed([value]))
        expect(read).toBeNull()
      }
    }),
  )
})

test('a body that grows without bound when it is unpacked is no answer', () => {
  const bomb = deflateRawSync(Buffer.alloc(16 * 1024 * 1024, '['))
  expect(bomb.length).toBeLessThan(200_000)
  for (const schema of SCHEMAS) expect(unpacked(schema, bomb)).toBeNull()
  const long = packed({ draws: Array.from({ length: 65 }, () => ({ draw_id: 'a', version: 1 })) })
  expect(unpacked(askedStatesSchema, long)).toBeNull()
})

test('a refusal that only a newer program knows is told as declined, with its name', () => {
  const refusal = { code: 'new_one', sentence: 's', reason: null, cards_available: 2 }
  expect(unpacked(toldResultSchema, packed({ status: 'refused', refusal, draw: null }))).toEqual({
    status: 'refused',
    refusal: expect.objectContaining({ code: 'declined', reason: 'new_one', cardsAvailable: 2 }),
    draw: null,
  })
})

test('the way to a lot is read off its id, from the top down', () => {
  const [top, low] = ['c-00000000000000a1', 'c-00000000000000b1'] as const
  const lotId = lotFrom(top, lotFrom(low, 'l-1'))
  const lots = (...ids: readonly string[]) => ({
    kind: 'cards' as const,
    lots: ids.map((id) => ({ lotId: id, cards: 1 })),
  })
  expect(lotAtOwner(lotId)).toBe('l-1')
  expect(placementOf(lots(lotId))).toEqual({ status: 'below', path: [top, low] })
  expect(placementOf(lots('l-1', 'l-2'))).toEqual({ status: 'own' })
  expect(placementOf(lots(lotId, 'l-2'))).toEqual({ status: 'spans' })
  expect(placementOf(lots(lotId, lotFrom(top, 'l-2')))).toEqual({ status: 'spans' })
  for (const odd of ['l-1@', 'l-1@c-1', `l-1@${top.toUpperCase()}`, `l${`@${top}`.repeat(5)}`]) {
    expect(placementOf(lots(odd))).toEqual({ status: 'nowhere' })
  }
  expect(placementOf({ kind: 'pool' })).toEqual({ status: 'own' })
})

test('ids of draws below differ by parent and by draw, and are ids', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 64 }), fc.string(), (drawId, other) => {
      const key = randomBytes(32).toString('hex')
      const id = drawIdBelow(key, drawId)
      expect(id).toMatch(/^up:[0-9a-f]{12}:[0-9a-f]{40}$/)
      expect(drawIdBelow(key, drawId)).toBe(id)
      if (other !== drawId) expect(drawIdBelow(key, other)).not.toBe(id)
      expect(drawIdBelow('ab'.repeat(32), drawId)).not.toBe(id)
    }),
  )
})
