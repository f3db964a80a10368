/** Host facts: whatever cannot be told in time is null, and nothing throws. */
import { silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { readHostFacts } from '../../../agent/src/probes/node-facts.ts'
import { createRealWorld } from '../../../shared/src/real-world.ts'

describe('facts about the node', () => {
  test('name this machine', async () => {
    const { clock } = createRealWorld()
    const facts = await readHostFacts({ clock, log: silentLogger, deadlineMs: 25_000 })
    expect(facts.kernel).toMatch(/\d+\.\d+/)
    expect(facts.cpuCores).toBeGreaterThan(0)
    expect(facts.memoryTotalMib).toBeGreaterThan(0)
  })

  test('are null when the time is up', async () => {
    const clock = {
      wallMs: () => 0,
      monotonicMs: () => 0,
      after: (_delayMs: number, run: () => void) => {
        run()
        return { cancel: () => {} }
      },
    }
    const facts = await readHostFacts({ clock, log: silentLogger })
    expect(new Set(Object.values(facts))).toEqual(new Set([null]))
  })
})
