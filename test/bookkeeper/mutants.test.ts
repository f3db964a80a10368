import { describe, expect, test } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { runHistory } from './run-history.ts'

/** In so many steps at most a fault must have shown itself: 20 histories. */
const SEEDS_MAX = 20
const STEPS = 150
const TEST_MS_MAX = 600_000

test(
  'the second bookkeeper finds nothing wrong in such histories without them',
  async () => {
    const problems: string[] = []
    for (let seed = 1; seed <= SEEDS_MAX / 2; seed += 1) {
      problems.push(...(await runHistory(seed, STEPS)).problems)
    }
    expect(problems).toEqual([])
  },
  TEST_MS_MAX,
)

describe('the second bookkeeper finds a bank that', () => {
  test.each(MUTANTS)(
    '$name',
    async ({ spoiling, found }) => {
      const problems: string[] = []
      for (let seed = 1; seed <= SEEDS_MAX && problems.length === 0; seed += 1) {
        problems.push(...(await runHistory(seed, STEPS, spoiling)).problems)
      }
      expect(problems.join('\n')).toMatch(found)
    },
    TEST_MS_MAX,
  )
})
