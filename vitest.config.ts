import { defineConfig } from 'vitest/config'

/**
 * Tests of one part within its own process: a worker runs one file after another and loads the
 * sources once, which is half of what such files cost. Nothing here may leave anything behind in
 * its process. All other files have a process of their own each.
 */
const TOGETHER = [
  'test/{agent,bookkeeper,dashboard,shared}/**/*.test.ts',
  'test/collector/{api,bank,bundle,catalogue,children,forecast,gateway,ingest}/**/*.test.ts',
  'test/collector/{inventory,journal,model,plausibility,rollup,timeline,tls}/**/*.test.ts',
]

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: TOGETHER },
      },
      { extends: true, test: { name: 'together', include: TOGETHER, isolate: false } },
    ],
  },
})
