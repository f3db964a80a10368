/**
 * The simulated world with a bank in it: whatever befalls collector, nodes and lines, no card is
 * promised twice, nothing that was answered is forgotten, and at rest nodes and ledger agree on what
 * is lent. `YIBEN_SEEDS` and `YIBEN_SEED_FROM` choose other seeds.
 */
import { describe, expect, test } from 'vitest'
import { runSeed } from './run-seed.ts'

const SEEDS = Number(process.env.YIBEN_SEEDS ?? 20)
const FIRST_SEED = Number(process.env.YIBEN_SEED_FROM ?? 1)
const SEEDS_PER_TEST = 5
const TEST_MS_MAX = 600_000

const chunks = Array.from({ length: Math.ceil(SEEDS / SEEDS_PER_TEST) }, (_, chunk) => ({
  fromSeed: FIRST_SEED + chunk * SEEDS_PER_TEST,
  toSeed: Math.min(FIRST_SEED + (chunk + 1) * SEEDS_PER_TEST, FIRST_SEED + SEEDS) - 1,
}))

describe('whatever happens to a world that lends, a promise is kept or broken in the open', () => {
  test.each(chunks)(
    'seeds $fromSeed to $toSeed',
    async ({ fromSeed, toSeed }) => {
      const failures: string[] = []
      let posted = 0
      for (let seed = fromSeed; seed <= toSeed; seed += 1) {
        const { bank, problems, trace } = await runSeed(seed, { isLending: true })
        if (problems.length > 0) {
          failures.push([`seed ${seed}:`, ...problems.slice(0, 5), 'after:', ...trace].join('\n  '))
        }
        posted += bank?.posted ?? 0
      }
      expect(failures).toEqual([])
      expect(posted, 'something is lent in most worlds').toBeGreaterThan(toSeed - fromSeed)
    },
    TEST_MS_MAX,
  )
})
