/** What the audit log is asked, and what is said of scopes and tokens. */
import { describe, expect, test } from 'vitest'
import {
  auditQuery,
  scopeText,
  tokenState,
} from '../../collector/dashboard/src/pages/access-figures.ts'

describe('a question to the audit log', () => {
  const nothing = { from: null, to: null }
  test.each([
    ['everything', { which: 'all' as const, ...nothing }, {}],
    ['what was refused', { which: 'refused' as const, ...nothing }, { status_min: 400 }],
    ['what was taken out', { which: 'exports' as const, ...nothing }, { exports: true }],
    ['one person', { actor: ' 14d8 ', route: '', ...nothing }, { actor: '14d8' }],
    ['a span', { from: 'a', to: null }, { from: 'a' }],
  ])('%s', (_, asked, query) => {
    expect(auditQuery(asked)).toEqual(query)
  })
})

test.each([
  [{ regions: 'all', sites: 'all' }, null],
  [{ regions: ['15'], sites: 'all' }, '15'],
  [{ regions: ['15'], sites: ['ZJK-01', 'QP-01'] }, '15 · ZJK-01 · QP-01'],
  [null, null],
])('the scope %j reads %j', (scope, text) => {
  expect(scopeText(scope)).toBe(text)
})

test.each([
  [{ is_valid: true, revoked_at: null, uses_left: null }, 'valid'],
  [{ is_valid: false, revoked_at: '2026-11-01T00:00:00Z', uses_left: 0 }, 'revoked'],
  [{ is_valid: false, revoked_at: null, uses_left: 0 }, 'used'],
  [{ is_valid: false, revoked_at: null, uses_left: 3 }, 'expired'],
] as const)('%j is %s', (token, state) => {
  expect(tokenState(token)).toBe(state)
})
