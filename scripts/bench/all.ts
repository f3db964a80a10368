/** `npm run bench`: every figure, one after the other. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const FIGURES = [
  'wire-bytes.ts',
  'spool-size.ts',
  'ingest-rate.ts',
  'postgres-retention.ts',
  'ingest-peers.ts',
  'ack-latency.ts',
  'backlog.ts',
  'connections.ts',
  'ledger-as-of.ts',
  'national-rollup.ts',
  'nation.ts',
  'feed-anew.ts',
  'capacity-search.ts',
  'contended-holds.ts',
  'agent-footprint.ts',
  'agent-growth.ts',
  'forecast.ts',
  'year.ts',
]

for (const figure of FIGURES) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, figure)], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
}
