/**
 * `kill -9` of the agents, of the collector, of both, at random moments under load, with the power
 * gone on a third of the rounds: nothing acknowledged is lost, nothing is counted twice, and the
 * account balances. On a disk that lies about fsync the same checks must find it out.
 *
 * YIBEN_SEED replays the choices of a run; YIBEN_ROUNDS makes it longer.
 */
import { describe, expect, test } from 'vitest'
import { KillRounds } from '../support/kill-rounds.ts'
import { NO_POWERCUT } from '../support/powercut.ts'

const SEED = Number(process.env.YIBEN_SEED ?? Date.now() % 1_000_000)
const ROUNDS = Number(process.env.YIBEN_ROUNDS ?? 50)
/** The first one is enough, unless the lie began in the middle of a write. */
const BLACKOUTS_MAX = 3

if (NO_POWERCUT !== null) process.stderr.write(`kill rounds are skipped: ${NO_POWERCUT}\n`)
else process.stderr.write(`kill rounds: YIBEN_SEED=${SEED}\n`)

describe.skipIf(NO_POWERCUT !== null)('kill -9', () => {
  test(`${ROUNDS} rounds lose nothing acknowledged and count nothing twice`, async () => {
    await using rounds = await KillRounds.start({ seed: SEED, agents: 3 })
    for (let round = 1; round <= ROUNDS; round += 1) {
      expect(await rounds.round(), `seed ${SEED}, round ${round}`).toEqual([])
    }
    expect(await rounds.finish(), `seed ${SEED}`).toEqual([])
    expect(rounds.powerCuts).toBeGreaterThan(ROUNDS / 6)
    // A run in which nothing flows would prove nothing.
    expect(rounds.roundsWithProgress).toBeGreaterThan(ROUNDS / 4)
  }, 300_000)

  test.each(['collector', 'agents'] as const)(
    'a disk of the %s that lies about fsync is found out',
    async (liar) => {
      await using rounds = await KillRounds.start({ seed: SEED, agents: 1, liar })
      expect(await rounds.blackout()).toEqual([])
      rounds.arm()
      const found: string[] = []
      for (let round = 0; round < BLACKOUTS_MAX && found.length === 0; round += 1) {
        found.push(...(await rounds.blackout()))
      }
      expect(found).not.toEqual([])
    },
    60_000,
  )
})
