/** The Grafana dashboard: whole, and bound to no installation. */
import { expect, test } from 'vitest'
import { dashboardQueries, type Panel, readDashboard, readDashboardText } from './files.ts'

/** The last version of the format that dashboards have as files (Grafana 12). */
const SCHEMA_VERSION = 42
const COLUMNS = 24

const DASHBOARD = readDashboard()
const TEXT = readDashboardText()

test('is of the present format, without an id of its own', () => {
  expect(DASHBOARD.schemaVersion).toBe(SCHEMA_VERSION)
  expect([DASHBOARD.uid, DASHBOARD.id]).toEqual([null, null])
})

test('names no data source but the one that is chosen', () => {
  const uids = [...TEXT.matchAll(/"uid": "([^"]*)"/g)].map(([, uid]) => uid)
  const builtIn = '-- Grafana --'
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own placeholder
  expect(new Set(uids)).toEqual(new Set(['${datasource}', builtIn]))
  expect(DASHBOARD.templating.list.map(({ name, type }) => [name, type])).toEqual([
    ['datasource', 'datasource'],
    ['instance', 'query'],
  ])
})

test('every panel has a title and a query, and ids are its own', () => {
  const { panels } = DASHBOARD
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const shown = panels.filter(({ type }) => type !== 'row')
  expect(shown.length).toBeGreaterThan(30)
  for (const { targets = [], title } of shown) {
    expect(targets, title).not.toEqual([])
    expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length)
  }
})

test('every query looks at the collectors that are chosen', () => {
  for (const query of dashboardQueries()) expect(query).toContain('instance=~"$instance"')
})

test('no two panels lie on one another, and none beyond the edge', () => {
  const taken = new Map<string, string>()
  for (const panel of DASHBOARD.panels) {
    for (const cell of cellsOf(panel)) {
      expect(taken.get(cell), `${panel.title} at ${cell}`).toBeUndefined()
      taken.set(cell, panel.title)
    }
    expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(COLUMNS)
  }
})

function cellsOf({ gridPos: { h, w, x, y } }: Panel): readonly string[] {
  return Array.from({ length: h * w }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`)
}
