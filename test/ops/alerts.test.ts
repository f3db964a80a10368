/** The alert rules: whole, tried out, and explained. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  PAGE_FILE,
  RULE_TESTS,
  RULES_FILE,
  readAlerts,
  readRuleTests,
  SCRAPE_FILE,
} from './files.ts'
import { HAS_PROMTOOL, promtool, WHY_SKIPPED } from './promtool.ts'

const ALERTS = readAlerts()
const TESTS = readRuleTests()
const NAMES = ALERTS.map(({ alert }) => alert)

describe('alert rules', () => {
  test('have names of their own', () => {
    expect(new Set(NAMES).size).toBe(NAMES.length)
    expect(NAMES.length).toBeGreaterThan(30)
  })

  test.each(ALERTS)(
    '$alert is whole: a name, how urgent it is, what it is and what to do',
    (rule) => {
      expect(rule.alert).toMatch(/^Yiben[A-Z][A-Za-z]+$/)
      expect(['critical', 'warning']).toContain(rule.labels.severity)
      expect(rule.annotations.summary).toMatch(/\.$/)
      expect(rule.annotations.description).toMatch(/^[A-Za-z`{].{40,}\.$/s)
    },
  )

  test.each(ALERTS)('$alert has a case in which it fires and one in which it does not', (rule) => {
    const fires = TESTS.filter(({ name }) => name === `${rule.alert}: fires`)
    expect(fires.length).toBeGreaterThan(0)
    expect(TESTS.some(({ name }) => name === `${rule.alert}: does not fire`)).toBe(true)
    for (const { promql_expr_test: expressions } of fires) {
      const [expected, ...others] = expressions.flatMap(({ exp_samples: samples }) => samples)
      expect(others).toEqual([])
      expect(expected?.labels).toContain(`alertname="${rule.alert}"`)
    }
  })

  test.each(ALERTS)('$alert says only what its labels hold', ({ alert, annotations }) => {
    const [first] = TESTS.filter(({ name }) => name === `${alert}: fires`)
    const labels = first?.promql_expr_test[0]?.exp_samples[0]?.labels ?? ''
    const named = Object.values(annotations).flatMap((text) => [
      ...text.matchAll(/\$labels\.([a-z_]+)/g),
    ])
    for (const [, label] of named) expect(labels).toContain(`${label}="`)
    expect(annotations.summary).toContain('$labels.instance')
  })

  test.each(ALERTS)(
    '$alert is explained on the page that it links to',
    ({ alert, annotations }) => {
      expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`)
      expect(readFileSync(PAGE_FILE, 'utf8')).toContain(`\n### ${alert}\n`)
    },
  )

  test('the page explains no alert that there is not', () => {
    const page = readFileSync(PAGE_FILE, 'utf8')
    const explained = [...page.matchAll(/^### (Yiben\w+)$/gm)].map(([, name]) => name)
    expect(explained).toEqual(NAMES)
  })
})

describe.skipIf(!HAS_PROMTOOL)(`promtool${WHY_SKIPPED}`, () => {
  test('accepts the rules and the example of a scrape', () => {
    expect(promtool(['check', 'rules', RULES_FILE])).toMatchObject({ exitCode: 0 })
    expect(promtool(['check', 'config', '--syntax-only', SCRAPE_FILE])).toMatchObject({
      exitCode: 0,
    })
  })

  test.each(RULE_TESTS)(
    'sees every case of %s come out',
    (file) => {
      const { exitCode, said } = promtool(['test', 'rules', file])
      expect([exitCode, said]).toEqual([0, expect.stringContaining('SUCCESS')])
    },
    120_000,
  )
})
