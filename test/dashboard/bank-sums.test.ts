/** Statements that add up before the reader's eyes: what is shown sums to what is shown, always. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  accountOf,
  accountsByModel,
  keptRates,
  PARTS,
  type ShownAccount,
  shownAccount,
  type ToldLine,
} from '../../collector/dashboard/src/pages/bank-sums.ts'

const HOUR = 3_600_000n
const CAUSES = ['recall', 'veto', 'card_lost', 'unfilled'] as const

interface Amounts {
  readonly parts: readonly bigint[]
  readonly broken: readonly bigint[]
  readonly swapped: bigint
}

/** A line whose parts sum to its promise to the millisecond. */
function lineOf({ parts, broken, swapped }: Amounts, model = 'H800 SXM'): ToldLine {
  const [active = 0n, idle = 0n, returned = 0n, unproven = 0n, pending = 0n] = parts
  const promised = [...parts, ...broken].reduce((sum, one) => sum + one, swapped)
  return {
    model,
    promised_card_ms: String(promised),
    delivered_active_card_ms: String(active),
    delivered_idle_card_ms: String(idle),
    returned_card_ms: String(returned),
    broken_card_ms: Object.fromEntries(
      CAUSES.map((cause, at) => [cause, String(broken[at] ?? 0n)]),
    ),
    unproven_card_ms: String(unproven),
    pending_card_ms: String(pending),
    swapped_card_ms: String(swapped),
  }
}

const amount = fc.bigInt({ min: 0n, max: 1_000_000n * HOUR })
const amounts: fc.Arbitrary<Amounts> = fc.record({
  parts: fc.array(amount, { minLength: 5, maxLength: 5 }),
  broken: fc.array(amount, { minLength: 4, maxLength: 4 }),
  swapped: fc.bigInt({ min: -1_000n * HOUR, max: 1_000n * HOUR }),
})

function sumOfParts({ parts }: ShownAccount): bigint {
  return PARTS.reduce((sum, part) => sum + parts[part], 0n)
}

describe('an account that is shown', () => {
  test('adds up in what is shown, the broken parts too, whatever was rounded', () => {
    fc.assert(
      fc.property(fc.array(amounts, { minLength: 1, maxLength: 6 }), (lines) => {
        const shown = shownAccount(accountOf(lines.map((line) => lineOf(line))))
        expect(shown.differenceMs).toBe(0n)
        expect(sumOfParts(shown)).toBe(shown.promised)
        const broken = [...shown.broken.values()].reduce((sum, one) => sum + one, 0n)
        expect(broken).toBe(shown.parts.broken)
      }),
    )
  })

  test('no part is shown more than a thousandth of an hour off, and nothing stays nothing', () => {
    fc.assert(
      fc.property(amounts, (line) => {
        const account = accountOf([lineOf(line)])
        const shown = shownAccount(account)
        for (const part of PARTS) {
          if (part === 'broken') continue
          const offMs = shown.parts[part] * 3_600n - account.parts[part]
          expect(offMs > -3_600n && offMs < 3_600n).toBe(true)
          if (account.parts[part] === 0n) expect(shown.parts[part]).toBe(0n)
        }
      }),
    )
  })

  test('says by how much a line is off that does not add up, and hides nothing of it', () => {
    const line = lineOf({ parts: [HOUR, 0n, HOUR, 0n, 0n], broken: [HOUR], swapped: 0n })
    const wrong = { ...line, promised_card_ms: String(3n * HOUR + 7n) }
    const shown = shownAccount(accountOf([wrong]))
    expect(shown.differenceMs).toBe(7n)
    expect(shown.parts).toMatchObject({
      delivered_active: 1_000n,
      returned: 1_000n,
      broken: 1_000n,
    })
  })

  test('what was taken over from another line is negative, and cancels in the model', () => {
    const given = lineOf({ parts: [HOUR, 0n, 0n, 0n, 0n], broken: [], swapped: HOUR })
    const taken = lineOf({ parts: [HOUR, 0n, 0n, 0n, 0n], broken: [], swapped: -HOUR })
    expect(shownAccount(accountOf([taken])).parts.swapped).toBe(-1_000n)
    expect(shownAccount(accountOf([given, taken])).parts.swapped).toBe(0n)
  })
})

test('C28: lines of two models are never added', () => {
  const line = { parts: [HOUR, 0n, 0n, 0n, 0n], broken: [], swapped: 0n }
  const models = ['H800 SXM', 'Ascend 910B3', 'H800 SXM']
  const accounts = accountsByModel(models.map((model) => lineOf(line, model)))
  expect(accounts.map(({ account, model }) => [model, account.promised])).toEqual([
    ['Ascend 910B3', HOUR],
    ['H800 SXM', 2n * HOUR],
  ])
})

describe('promises kept', () => {
  test('are of what is settled, with swaps and without', () => {
    const outcomes = { counted: 10, open: 2, kept: 5, kept_by_swap: 1, broken: 2 }
    expect(keptRates(outcomes)).toEqual({ settled: 8, withoutSwaps: 0.625, withSwaps: 0.75 })
  })

  test('are not known where nothing is settled: no promise is no kept promise', () => {
    const outcomes = { counted: 2, open: 2, kept: 0, kept_by_swap: 0, broken: 0 }
    expect(keptRates(outcomes)).toEqual({ settled: 0, withoutSwaps: null, withSwaps: null })
  })
})
