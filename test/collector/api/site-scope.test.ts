/** Lists of nodes and accelerators cut to one site or node: never wider than the asker's scope. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scopeWithin } from '../../../collector/src/api/site-scope.ts'
import { OTHER_SITE, TwoSites } from './two-sites.ts'

let sites: TwoSites
beforeAll(async () => {
  sites = await TwoSites.start()
})
afterAll(() => sites.api.close())

async function unitsAt(query: string): Promise<readonly string[]> {
  const { body } = await sites.api.ask('GET', `/v1/accelerators?${query}`, 'regulator')
  return body.accelerators.map((unit: { node_id: string }) => unit.node_id)
}

test('nodes are cut to the site that is asked for', async () => {
  const { body } = await sites.api.ask('GET', `/v1/nodes?site=${OTHER_SITE}`, 'regulator')
  expect(body.nodes.map((node: { node_id: string }) => node.node_id)).toEqual([sites.there])
})

test('accelerators are cut to a site, to a node, and to both', async () => {
  expect(await unitsAt(`site=${OTHER_SITE}`)).toEqual([sites.there, sites.there])
  expect(await unitsAt(`node=${sites.here}`)).toEqual([sites.here, sites.here])
  expect(await unitsAt(`node=${sites.here}&site=${OTHER_SITE}`)).toEqual([])
})

test('a site outside the scope leaves nothing, never the scope', () => {
  const scope = { regions: ['31'], sites: ['SH-01'] }
  expect(scopeWithin(scope, undefined)).toBe(scope)
  expect(scopeWithin(scope, 'SH-01')).toEqual(scope)
  expect(scopeWithin(scope, 'BJ-01')).toEqual({ regions: ['31'], sites: [] })
})
