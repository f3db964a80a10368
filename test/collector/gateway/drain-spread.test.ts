/** Agents that were sent away come back spread out, however many they are, and all within a minute. */
import { LINK_TIMINGS } from '@yiben/shared'
import { expect, test } from 'vitest'
import { drainSpreadMs } from '../../../collector/src/gateway/drain-spread.ts'
import { Retry } from '../../../shared/src/link/retry.ts'
import { FakeRandom } from '../../support/fake-clock.ts'

const RECONNECT_AFTER_MS = 1_000

/** When each agent dials again, as its link decides. */
function returnsOf(nodes: number): readonly number[] {
  const random = new FakeRandom(nodes)
  const spreadMs = drainSpreadMs(nodes)
  return Array.from({ length: nodes }, () => {
    const retry = new Retry(LINK_TIMINGS)
    retry.noteConnection(LINK_TIMINGS.holdMs)
    retry.ask(RECONNECT_AFTER_MS + Math.floor(spreadMs * random.fraction()))
    return retry.nextDelayMs(random.fraction())
  })
}

test.each([
  [30, 12],
  [1_000, 150],
  [12_000, 450],
  [19_000, 550],
])(
  'of %i agents no more than %i dial within one second, and all within a minute',
  (nodes, most) => {
    const returns = returnsOf(nodes)
    const bySecond = Map.groupBy(returns, (atMs) => Math.floor(atMs / 1_000))
    const counts = [...bySecond.values()].map((own) => own.length)
    expect(Math.max(...counts)).toBeLessThanOrEqual(most)
    expect(Math.min(...returns)).toBeGreaterThanOrEqual(RECONNECT_AFTER_MS)
    expect(Math.max(...returns)).toBeLessThan(60_000)
  },
)
