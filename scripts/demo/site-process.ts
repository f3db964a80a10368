/**
 * The nodes of one demo site, in a process of its own: it knows the collector by its link alone.
 * Arguments as JSON: see `SiteArguments`. Prints one line of JSON when its past has been lived.
 */
import { createLogger, createRealWorld } from '@yiben/shared'
import { DEMO_SITES } from './fleet.ts'
import { activityOf, runDemoNode } from './node.ts'

export interface SiteArguments {
  readonly site: string
  readonly collectorUrl: string
  readonly token: string
  readonly folder: string
  readonly seed: number
  readonly fromMs: number
}

const argument: SiteArguments = JSON.parse(process.argv[2] ?? '{}')
const site = DEMO_SITES.find(({ code }) => code === argument.site)
if (site === undefined) throw new Error(`There is no demo site ${argument.site}`)

const world = createRealWorld()
const log = createLogger('error')
const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())
process.on('SIGINT', () => stopping.abort())
// The parent is gone: so is the demo.
process.on('disconnect', () => stopping.abort())

const activity = activityOf(site, argument.seed, argument.fromMs, world.clock.wallMs())
let waiting = site.nodes.length
await Promise.all(
  site.nodes.map((model, node) =>
    runDemoNode(
      {
        world,
        log,
        site,
        model,
        activity,
        node,
        folder: argument.folder,
        collectorUrl: argument.collectorUrl,
        token: argument.token,
        fromMs: argument.fromMs,
        signal: stopping.signal,
      },
      () => {
        waiting -= 1
        if (waiting === 0) process.send?.({ lived: site.code })
      },
    ),
  ),
)
process.disconnect?.()
