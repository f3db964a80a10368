/** The files that an operator is given, read as tests look at them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ROOT } from '../support/program.ts'

export const RULES_FILE = join(ROOT, 'ops/prometheus/alerts.yaml')
export const RULE_TESTS = ['alerts.test.yaml', 'alerts.slow.test.yaml'].map((name) =>
  join(ROOT, 'ops/prometheus', name),
)
export const SCRAPE_FILE = join(ROOT, 'ops/prometheus/scrape.example.yaml')
export const PAGE_FILE = join(ROOT, 'docs/operations.md')

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: {
    readonly summary: string
    readonly description: string
    readonly runbook: string
  }
}

interface RuleTest {
  readonly name: string
  readonly input_series: readonly { readonly series: string }[]
  readonly promql_expr_test: readonly {
    readonly exp_samples: readonly { readonly labels: string }[]
  }[]
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[]
}

interface Dashboard {
  readonly schemaVersion: number
  readonly uid: string | null
  readonly id: number | null
  readonly panels: readonly Panel[]
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string }[]
  }
  readonly annotations: { readonly list: readonly { readonly expr?: string }[] }
}

export function readAlerts(): readonly Alert[] {
  const { groups }: { groups: { rules: Alert[] }[] } = parse(readFileSync(RULES_FILE, 'utf8'))
  return groups.flatMap(({ rules }) => rules)
}

export function readRuleTests(): readonly RuleTest[] {
  return RULE_TESTS.flatMap((file) => {
    const { tests }: { tests: RuleTest[] } = parse(readFileSync(file, 'utf8'))
    return tests
  })
}

export function readDashboardText(): string {
  return readFileSync(join(ROOT, 'ops/grafana/yiben.json'), 'utf8')
}

export function readDashboard(): Dashboard {
  return JSON.parse(readDashboardText())
}

/** Every query of the dashboard. */
export function dashboardQueries(): readonly string[] {
  const { annotations, panels } = readDashboard()
  return [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...annotations.list.flatMap(({ expr }) => (expr === undefined ? [] : [expr])),
  ]
}

/** A metric as a query names it, with the labels that it chooses by. */
export interface Asked {
  readonly metric: string
  readonly labels: readonly string[]
}

const METRIC = /\b((?:yiben|nodejs|process)_[a-z0-9_]+)\b(?:\s*\{([^}]*)\})?/g

export function asked(query: string): readonly Asked[] {
  return [...query.matchAll(METRIC)].map(([, metric = '', selector = '']) => ({
    metric,
    labels: [...selector.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }))
}
