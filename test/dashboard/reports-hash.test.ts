/** The bytes that a report's hash is over, cut out of an answer and hashed where they are read. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerTextOf, sha256Of } from '../../collector/dashboard/src/pages/reports-hash.ts'
import { hashOf, reportText } from '../../collector/src/api/answers/report-issue.ts'

/** As the route writes it: the stored bytes behind the head. */
function bodyOf(head: object, answer: string): string {
  return `${JSON.stringify(head).slice(0, -1)},"answer":${answer}}`
}

test('the hash made in a browser is the one the report was issued under', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ author: fc.string(), month: fc.constant('2026-11') }),
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.nat(), fc.constant(null))),
      async (head, answer) => {
        const stored = reportText({ ...answer, 省: '内蒙古 “账”' })
        const cut = answerTextOf(bodyOf(head, stored))
        expect(cut).toBe(stored)
        expect(await sha256Of(cut ?? '')).toBe(hashOf(stored))
      },
    ),
  )
})

test('an author cannot pretend to be the answer', () => {
  const stored = '{"a":1}'
  expect(answerTextOf(bodyOf({ author: 'x","answer":{}' }, stored))).toBe(stored)
})

test('what has no answer in it has none', () => {
  expect(answerTextOf('{"code":"not_found"}')).toBeNull()
  expect(answerTextOf('')).toBeNull()
})
