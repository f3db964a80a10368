/** The fuzz targets over counted sources, one after the other, for as long as `scripts/fuzz.ts` says. */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { instrumentPlugin } from './instrument.ts'

const SPARE_MS = 120_000

export default defineConfig({
  root: join(import.meta.dirname, '../..'),
  plugins: [instrumentPlugin()],
  test: {
    include: ['test/fuzz/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: Number(process.env.YIBEN_FUZZ_SECONDS ?? 0) * 1_000 + SPARE_MS,
  },
})
