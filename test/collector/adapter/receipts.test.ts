/** Receipts by a template: what does not fit it is never taken for an acceptance. */
import { describe, expect, test } from 'vitest'
import { receiptOf } from '../../../collector/src/adapter/receipts.ts'
import { type TemplateValue, templateIn, templateValue } from './rig.ts'

const KEYS = new Set(['BJ-01', 'BJ-02'])
const STATUS = { field: 'head.result', accepted: [0], rejected: ['9'] }
const ROWS = { key: 'site', key_is: 'site', code: 'code', accepted: ['0'] }

function outcome(text: string, changes: TemplateValue): string {
  const receipts = { from: 'folder', folder: 'in', format: 'json', within: '2h', ...changes }
  const { receipts: template } = templateIn('/etc', templateValue({ receipts }))
  if (template === null) throw new Error('a template with receipts has some')
  try {
    const read = receiptOf(template, Buffer.from(text), { keys: KEYS, atMs: 1, mark: '' })
    return `${read.outcome} ${read.rejected.map(({ code, key }) => `${key}:${code}`).join()}`.trim()
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}

describe('a receipt of CSV', () => {
  test.each([
    ['taken', 'site,code\n'],
    ['taken', '\uFEFFsite,code\r\nBJ-01,0\r\nBJ-02,0\r\n'],
    ['partly BJ-02:"7,1"', 'code,site\n"""7,1""",BJ-02\n'],
    ['partly BJ-01:5', 'site,code\nBJ-01,0\nBJ-01,5\nelse,9\n'],
    ['rejected BJ-01:5,BJ-02:6', 'site,code\nBJ-01,5\nBJ-02,6\n'],
    ['the receipt has no columns site and code', ''],
    ['the receipt has no columns site and code', '<html>busy</html>\n'],
    ['the receipt has a line with another number of cells', 'site,code\nBJ-01\n'],
    ['the receipt does not end with its last line', 'site,code\nBJ-01,0\nBJ-0'],
    ['the receipt does not end with its last line', 'site,code'],
  ])('is %s', (wanted, text) => {
    expect(outcome(text, { format: 'csv', rows: ROWS })).toBe(
      text.endsWith('BJ-0') ? 'the receipt has a line with another number of cells' : wanted,
    )
  })
})

describe('a receipt of JSON', () => {
  const both = { status: STATUS, rows: { ...ROWS, list: 'rows' } }
  test.each<[string, unknown, TemplateValue]>([
    ['taken', { head: { result: 0 } }, { status: STATUS }],
    ['taken', { head: { result: '0' }, rows: [] }, both],
    ['rejected', { head: { result: '9' } }, both],
    ['partly BJ-02:7', { head: { result: '9' }, rows: [{ site: 'BJ-02', code: 7 }] }, both],
    ['partly BJ-02:7', { head: { result: '0' }, rows: [{ site: 'BJ-02', code: 7 }] }, both],
    ['the receipt has the status null, which the template does not know', {}, { status: STATUS }],
    [
      'the receipt has the status "5", which the template does not know',
      { head: { result: 5 } },
      { status: STATUS },
    ],
    ['the receipt has no list at "rows"', {}, { rows: { ...ROWS, list: 'rows' } }],
    ['the receipt has a row without site or code', [{ site: 'BJ-01' }], { rows: ROWS }],
    ['the receipt is no JSON', 'busy', { status: STATUS }],
  ])('is %s', (wanted, answer, changes) => {
    expect(outcome(JSON.stringify(answer), changes)).toBe(wanted)
  })
})
