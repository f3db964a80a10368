/**
 * The bank beside a second bookkeeper, over 10,000 steps of random histories. `YIBEN_STEPS` and
 * `YIBEN_SEED_FROM` choose others; `npm run bookkeeper -- --steps 1000000` goes as far as is asked for.
 */
import { describe, expect, test } from 'vitest'
import { type HistoryResult, runHistory } from './run-history.ts'

const STEPS = numberFrom('YIBEN_STEPS', 10_000)
const FIRST_SEED = numberFrom('YIBEN_SEED_FROM', 1)
const STEPS_PER_HISTORY = 500
/** Histories per test: short enough to name, long enough not to count. */
const HISTORIES_PER_TEST = 2
/** Of real time; a history that hangs is a failure, too. */
const TEST_MS_MAX = 600_000

const HISTORIES = Math.ceil(STEPS / STEPS_PER_HISTORY)
const chunks = Array.from({ length: Math.ceil(HISTORIES / HISTORIES_PER_TEST) }, (_, chunk) => {
  const fromSeed = FIRST_SEED + chunk * HISTORIES_PER_TEST
  return { fromSeed, toSeed: Math.min(fromSeed + HISTORIES_PER_TEST, FIRST_SEED + HISTORIES) - 1 }
})

describe(`whatever happens, bank and bookkeeper agree (${STEPS} steps)`, () => {
  test.each(chunks)(
    'seeds $fromSeed to $toSeed',
    async ({ fromSeed, toSeed }) => {
      const failures: string[] = []
      for (let seed = fromSeed; seed <= toSeed; seed += 1) {
        const result = await runHistory(seed, STEPS_PER_HISTORY)
        if (result.problems.length > 0) failures.push(textOf(result))
        else expect(result.steps).toBe(STEPS_PER_HISTORY)
      }
      expect(failures).toEqual([])
    },
    TEST_MS_MAX,
  )
})

function textOf({ seed, problems, trace }: HistoryResult): string {
  return [`seed ${seed}:`, ...problems, 'after:', ...trace].join('\n  ')
}

function numberFrom(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} is no number`)
  return value
}
