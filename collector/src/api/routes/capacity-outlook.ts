/**
 * `GET /v1/capacity/outlook`: expected free cards per hour for the next seven days, by site and model,
 * with 50, 80 and 95 %. Each row is one kind of card at one site. Where an owner offers nothing in an
 * hour, none is expected in it; hours count from the next full one.
 */
import { HOUR_MS } from '@yiben/shared'
import { z } from 'zod'
import { kindNamedBy } from '../../bank/lots.ts'
import {
  AHEAD_MS_MAX,
  type PoolForecast,
  type PoolSummary,
} from '../../forecast/live/pool-forecast.ts'
import { capacityOutlookSchema } from '../answers/capacity-outlook.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { countIn, instantText, PROBLEMS, pageIn } from '../schemas.ts'

const HOURS_MAX = AHEAD_MS_MAX / HOUR_MS
/** Each row of a week takes this thread 15 ms: agents wait no longer than for ten of them. */
const ROWS_MAX = 10

const questionSchema = z.strictObject({
  site: z.string().max(64).optional(),
  model: z.string().max(120).optional().meta({ description: 'the catalogue’s name, exactly' }),
  hours: countIn(1, HOURS_MAX).optional().meta({ description: 'how far ahead; default 168' }),
  ...pageIn,
  limit: countIn(1, ROWS_MAX).optional(),
})

export function capacityOutlookRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/capacity/outlook',
    {
      config: { access: 'capacity' },
      schema: {
        summary: 'Expected free cards per hour for the next seven days, by site and model',
        querystring: questionSchema,
        response: { 200: capacityOutlookSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { forecast, ledger, store } = context
      const { query } = request
      const sites = await store.listSites(askerOf(request).scope)
      const codes = new Set(sites.map(({ code }) => code))
      const pools = (forecast?.pools.pools() ?? []).filter(({ kindKey, siteCode }) => {
        if (!codes.has(siteCode) || (query.site ?? siteCode) !== siteCode) return false
        return query.model === undefined || kindNamedBy(kindKey).model === query.model
      })
      const after = query.cursor ?? ''
      const left = pools.filter((pool) => cursorOf(pool) > after)
      const shown = left.slice(0, query.limit ?? ROWS_MAX)
      const last = shown.at(-1)
      const nowMs = forecast?.pools.nowMs() ?? null
      const hours = query.hours ?? HOURS_MAX
      return {
        demo: ledger.isDemo,
        as_of: nowMs === null ? null : instantText(nowMs),
        rows:
          forecast === null || nowMs === null
            ? []
            : shown.map((pool) => rowOf(forecast.pools, pool, { nowMs, hours })),
        next_cursor: last === undefined || shown.length === left.length ? null : cursorOf(last),
      }
    },
  )
}

/** In the order of the list. */
function cursorOf({ kindKey, siteCode }: PoolSummary): string {
  return `${siteCode} ${kindKey}`
}

function rowOf(
  forecast: PoolForecast,
  { cards, free, kindKey, siteCode }: PoolSummary,
  { hours, nowMs }: { readonly hours: number; readonly nowMs: number },
) {
  const { memoryGib, model, printedName, vendor } = kindNamedBy(kindKey)
  const firstMs = (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS
  const instants = Array.from({ length: hours }, (_, hour) => firstMs + hour * HOUR_MS)
  const found = instants.flatMap((atMs) => {
    const quantiles = forecast.freeQuantiles(siteCode, kindKey, atMs)
    return quantiles === null ? [] : [{ at: instantText(atMs), ...quantiles }]
  })
  return {
    site: siteCode,
    vendor,
    model,
    printed_name: printedName,
    memory_gib: memoryGib,
    cards,
    free_cards: free,
    hours: found.length === 0 ? null : found,
  }
}
