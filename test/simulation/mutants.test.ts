import { describe, expect, test } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { runSeed } from './run-seed.ts'

/** Seeds in which a fault must have shown itself. */
const SEEDS_MAX = 40
/** As many as befall a world at most: what is planted shows itself sooner. */
const FAULTS = 8
const TEST_MS_MAX = 600_000

describe('the checks of the simulated world find a collector that', () => {
  test.each(MUTANTS)(
    '$name',
    async ({ found, isLending = false, seedFrom = 1, ...planted }) => {
      const problems: string[] = []
      for (let seed = seedFrom; seed < seedFrom + SEEDS_MAX && problems.length === 0; seed += 1) {
        problems.push(...(await runSeed(seed, { ...planted, faults: FAULTS, isLending })).problems)
      }
      expect(problems.join('\n')).toMatch(found)
    },
    TEST_MS_MAX,
  )
})
