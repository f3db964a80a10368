/** What a failed login is called, and what is taken for a token. */
import { ERROR_CODES } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../collector/dashboard/src/api/client.ts'
import {
  asksForCode,
  problemName,
  tokenOf,
} from '../../collector/dashboard/src/pages/login-problem.ts'
import { loginText } from '../../collector/dashboard/src/pages/login-text.ts'

describe('a failed login', () => {
  test('is named by its code', () => {
    expect(problemName(new Problem(401, 'token_expired', 'x'))).toBe('token_expired')
    expect(problemName(new Problem(500, 'internal', 'x'))).toBe('other')
    expect(problemName(new Problem(400, 'constructor', 'x'))).toBe('other')
    expect(problemName(new TypeError('fetch failed'))).toBe('unreachable')
  })

  test('has words for codes that there are', () => {
    const known: readonly string[] = [...ERROR_CODES, 'unreachable', 'other']
    for (const name of Object.keys(loginText.zh.problem)) expect(known).toContain(name)
  })

  test('asks for a code where the second factor is missing, and nowhere else', () => {
    expect(asksForCode(new Problem(403, 'second_factor_required', 'x'))).toBe(true)
    expect(asksForCode(new Problem(401, 'second_factor_refused', 'x'))).toBe(false)
    expect(asksForCode(new Error('second_factor_required'))).toBe(false)
  })
})

test.each([
  ['yba_abc', 'yba_abc'],
  ['  yba_abc\n', 'yba_abc'],
  ['Bearer yba_abc', 'yba_abc'],
  ['bearer   yba_abc ', 'yba_abc'],
])('%j is the token %j', (pasted, token) => {
  expect(tokenOf(pasted)).toBe(token)
})
