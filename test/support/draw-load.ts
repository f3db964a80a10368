/**
 * A process that draws cards of a prepared ledger, one after the other and several at once, with a
 * second journal, and says each answer in a line once it has it: until it is killed.
 *
 *   draw-load.ts DATA_DIR SECOND NOW_MS SEED
 */
import { writeSync } from 'node:fs'
import { silentLogger } from '@yiben/shared'
import { CapacityFollower } from '../../collector/src/bank/capacity-follower.ts'
import type { DrawResult } from '../../collector/src/bank/draw-desk.ts'
import { canonicalDraw } from '../../collector/src/bank/draw-request.ts'
import { Draws } from '../../collector/src/bank/draws.ts'
import { Lots } from '../../collector/src/bank/lots.ts'
import { loadCatalogue } from '../../collector/src/catalogue/catalogue.ts'
import { SecondJournal } from '../../collector/src/journal/second-journal.ts'
import { openCommandStore } from '../../collector/src/storage/open.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { FakeClock, FakeRandom } from './fake-clock.ts'

const [dataDir = '', folder = '', now = '0', seed = '1'] = process.argv.slice(2)
const HOUR_MS = 3_600_000
const AT_ONCE = 4

const clock = new FakeClock(Number(now))
const random = new FakeRandom(Number(seed))
const lots = new Lots(new Uint8Array(32).fill(7), loadCatalogue())
const store = openCommandStore({ dataDir, clock, random })
const ledger = await store.ledgerState()
const second = new SecondJournal({ folder, store, ledger, clock, logger: silentLogger })
await second.start()
const draws = new Draws({
  store,
  clock,
  nowMs: () => clock.wallMs(),
  link: {
    ask: async () => ({ status: 'accepted', sampledAtMs: clock.wallMs(), isFenced: true }),
  },
  capacity: new CapacityFollower({ store, clock, logger: silentLogger, lots, hubOf: () => null }),
  lots,
  forecast: () => null,
  guards: {
    isRecovering: () => false,
    clockAccusation: () => null,
    depositsSuspended: () => false,
    isSuspended: () => false,
    needsFence: () => false,
  },
  logger: silentLogger,
  proofMsMax: 90_000,
  second,
})

/** In the file of the process's answers when it returns, whatever becomes of the process then. */
function say(call: string, drawId: string, result: DrawResult): void {
  if (result.status !== 'done') {
    writeSync(1, `${JSON.stringify({ call, drawId, refused: result.refusal.code })}\n`)
    return
  }
  const { claims, leases, state, untilMs, version } = result.draw
  writeSync(1, `${JSON.stringify({ call, drawId, state, version, untilMs, claims, leases })}\n`)
}

async function client(name: number): Promise<never> {
  for (let number = 0; ; number += 1) {
    const drawId = `d-${seed}-${name}-${number}`
    const canonical = canonicalDraw({
      drawId,
      bank: 'bank',
      borrower: 'borrower',
      contract: 'contract',
      forMs: HOUR_MS,
      what: { kind: 'pool', cards: 1 },
    })
    if (canonical.status !== 'ok') throw new Error(canonical.sentence)
    const request = { ...canonical.request, startMs: null }
    say('hold', drawId, await draws.hold(request, SCOPE_ALL))
    if (random.fraction() < 0.7) {
      say('void', drawId, await draws.void(drawId))
      continue
    }
    say('post', drawId, await draws.post(drawId))
    const dice = random.fraction()
    const untilMs = clock.wallMs() + 2 * HOUR_MS
    if (dice < 0.3) say('extend', drawId, await draws.extend(drawId, untilMs))
    else if (dice < 0.6) say('return', drawId, await draws.return(drawId, 'all'))
  }
}

writeSync(1, '"ready"\n')
await Promise.all(Array.from({ length: AT_ONCE }, (_, name) => client(name)))
