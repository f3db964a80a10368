/**
 * The simulated world over many seeds. `YIBEN_SEEDS` and `YIBEN_SEED_FROM` choose others than the
 * first hundred; `npm run simulate -- --seeds 10000` runs as many as are asked for.
 */
import { describe, expect, test } from 'vitest'
import { runSeed, type SeedResult } from './run-seed.ts'

const SEEDS = numberFrom('YIBEN_SEEDS', 100)
const FIRST_SEED = numberFrom('YIBEN_SEED_FROM', 1)
/** Seeds per test: short enough to name, long enough not to count. */
const SEEDS_PER_TEST = 10
/** Of real time; a world that hangs is a failure, too. */
const TEST_MS_MAX = 600_000

const chunks = Array.from({ length: Math.ceil(SEEDS / SEEDS_PER_TEST) }, (_, chunk) => {
  const fromSeed = FIRST_SEED + chunk * SEEDS_PER_TEST
  return { fromSeed, toSeed: Math.min(fromSeed + SEEDS_PER_TEST, FIRST_SEED + SEEDS) - 1 }
})

describe('whatever happens to a world, every second is booked once and nothing is lost', () => {
  test.each(chunks)(
    'seeds $fromSeed to $toSeed',
    async ({ fromSeed, toSeed }) => {
      const failures: string[] = []
      for (let seed = fromSeed; seed <= toSeed; seed += 1) {
        const result = await runSeed(seed)
        // A world that fails ends there, however early: what happened in it is what is to be told.
        if (result.problems.length > 0) failures.push(textOf(result))
        else expect(result.steps, 'everything is checked once a minute').toBeGreaterThan(10)
      }
      expect(failures).toEqual([])
    },
    TEST_MS_MAX,
  )
})

function textOf({ seed, problems, trace }: SeedResult): string {
  return [`seed ${seed}:`, ...problems.slice(0, 5), 'after:', ...trace].join('\n  ')
}

function numberFrom(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} is no number of seeds`)
  return value
}
