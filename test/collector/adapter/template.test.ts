/** Templates: the example is whole, and whatever is wrong is named by its place. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { templateOf } from '../../../collector/src/adapter/template.ts'
import { readTemplateFile } from '../../../collector/src/config/adapter-template-file.ts'
import { ROOT } from '../../support/program.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { type TemplateValue, templateIn, templateValue } from './rig.ts'

const EXAMPLE = join(ROOT, 'ops/national-node/example.yaml')

function refusal(value: TemplateValue): string {
  try {
    templateIn('/etc/yiben', value)
  } catch (error) {
    if (error instanceof AppError && error.code === 'config_invalid') {
      return error.message.replace('adapter.template /etc/yiben/template.yaml: ', '')
    }
    throw error
  }
  return 'was taken'
}

const field = (changes: TemplateValue) => ({ fields: [{ name: 'one', ...changes }] })
const file = (changes: TemplateValue) => ({ file: { ...templateValue().file, ...changes } })
const http = (changes: TemplateValue) => ({
  deliver: { http: { url: 'https://node.example/{name}', ...changes } },
})
const receipts = (changes: TemplateValue) => ({
  receipts: {
    ...{ from: 'folder', folder: 'in', format: 'json', within: '2h' },
    status: { field: 'result', accepted: ['0'] },
    ...changes,
  },
})

describe('the example', () => {
  test('is whole, and says in its first lines that it is not official', () => {
    expect(readFileSync(EXAMPLE, 'utf8').split('\n')[0]).toMatch(/^# NOT OFFICIAL/)
    const template = templateOf({ file: EXAMPLE, ...readTemplateFile(EXAMPLE) })
    expect(template.runs.total?.schedule).toEqual({ atMinutes: [120] })
    expect(template.runs.available?.schedule).toEqual({ everyMs: 900_000 })
    expect(template.deliver.folder).toBe(join(ROOT, 'ops/national-node/outgoing'))
  })
})

describe('a template that is wrong is refused with its place', () => {
  test.each<[string, TemplateValue]>([
    ['file.colour is not known here', file({ colour: 'red' })],
    ['time_zone must be a time zone of the IANA list', { time_zone: 'Mars/Base' }],
    ['runs must have total, available or both', { runs: {} }],
    [
      'runs.available.rows cannot be accelerators: of these there is total only',
      { runs: { available: { rows: 'accelerators' } } },
    ],
    [
      'runs.total.at.0 must be a time of day such as "02:00"',
      { runs: { total: { rows: 'sites', at: ['25:00'] } } },
    ],
    [
      'runs.total.every and at cannot both be given',
      { runs: { total: { rows: 'sites', at: ['02:00'], every: '1h' } } },
    ],
    ['fields.0 (one) must have one of value, fact and text', field({ fact: 'model', value: 'x' })],
    ['fields.0.fact names colour, which the ledger does not know', field({ fact: 'colour' })],
    [
      'fields.0.fact names cpu_cores, which rows of site_models do not have',
      field({ fact: 'cpu_cores' }),
    ],
    ['fields.0.unit is missing: p_free is an amount of P', field({ fact: 'p_free', decimals: 3 })],
    ['fields.0.time is missing: as_of is an instant', field({ fact: 'as_of' })],
    [
      'fields.0.decimals goes with facts of P only (p_…)',
      field({ fact: 'cards_free', decimals: 1 }),
    ],
    [
      'fields.0.table names towns, which is not in tables',
      field({ fact: 'model', table: 'towns' }),
    ],
    [
      'fields.0.text names {two}, which is no constant and no field before it',
      field({ text: '{two}' }),
    ],
    [
      'fields.0.unknown must not be a figure: what is not known was not measured',
      field({ fact: 'cards_free', unknown: '0' }),
    ],
    [
      'file.unknown must not be a figure: what is not known was not measured',
      file({ unknown: '-1' }),
    ],
    ['file.unknown must be a text: csv has no null', file({ unknown: null })],
    ['file.name must hold {sequence}: no two files have one name', file({ name: 'a.data' })],
    [
      'file.name names {enterprize}, which is no constant',
      file({ name: '{enterprize}{sequence}' }),
    ],
    [
      'file.name must hold {made:…}: the sequence begins again, and names must not',
      { ...file({ name: '{sequence}' }), sequence: { digits: 4, restart: 'daily' } },
    ],
    [
      'sequence.first does not fit 1 digits',
      { sequence: { digits: 1, first: 10, restart: 'never' } },
    ],
    ['deliver must have folder, http or both', { deliver: {} }],
    ['deliver.http.url must begin with https://', http({ url: 'http://node.example/{name}' })],
    [
      'deliver.http.url must hold no password: token_file does',
      http({ url: 'https://me:secret@node.example/' }),
    ],
    [
      'resend.times must be 0: without receipts nothing is known to be lost',
      { resend: { times: 1 } },
    ],
    ['receipts.from must be folder: nothing is sent by http', receipts({ from: 'answer' })],
    ['receipts.folder is missing', receipts({ folder: undefined })],
    ['receipts must have status, rows or both', receipts({ status: undefined })],
    [
      'receipts.rows.key_is is no field of the run total',
      receipts({ rows: { list: 'rows', key: 'k', key_is: 'colour', code: 'c' } }),
    ],
    [
      'issued_codes is missing: fields.3.fact asks for codes of a scheme',
      { issued_codes: undefined },
    ],
  ])('%s', (sentence, changes) => {
    expect(refusal(templateValue(changes))).toBe(sentence)
  })

  test('and so is what is no YAML, or is not there', () => {
    const missing = join(tempDir(), 'none.yaml')
    expect(() => readTemplateFile(missing)).toThrow(
      /adapter\.template: .*none\.yaml cannot be read/,
    )
  })
})
