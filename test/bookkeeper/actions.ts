/** What happens in a world of the bank, one thing at a time, drawn by weight. */
import type { DrawInput } from '../../collector/src/bank/draw-request.ts'
import { lotOf } from '../collector/bank/draws-rig.ts'
import { MINUTE } from '../collector/bank/ledger-rig.ts'
import { type Death, MODEL } from './collector.ts'
import {
  allocate,
  comeBack,
  getStuck,
  goAway,
  offer,
  reboot,
  recall,
  reclaim,
  reclaimUnheard,
  sayAtOnce,
  spoilLine,
  thinkLong,
  tidyUp,
  work,
  workUnderLease,
} from './owner-actions.ts'
import { NOTHING, requestOf, type Scene } from './scene.ts'
import { SECOND } from './world.ts'

/** Answers what is wrong with what came of it. */
type Act = (scene: Scene) => Promise<readonly string[]>

interface Action {
  readonly weight: number
  readonly act: Act
}

export const ACTIONS: readonly Action[] = [
  { weight: 14, act: pass },
  { weight: 3, act: passUnseen },
  { weight: 1, act: passLong },
  { weight: 5, act: hold },
  { weight: 10, act: post },
  { weight: 9, act: holdAndPost },
  { weight: 8, act: workUnderLease },
  { weight: 3, act: book },
  { weight: 2, act: voidOne },
  { weight: 4, act: giveBack },
  { weight: 3, act: extend },
  { weight: 5, act: retry },
  { weight: 7, act: recall },
  { weight: 6, act: work },
  { weight: 14, act: tidyUp },
  { weight: 2, act: allocate },
  { weight: 2, act: reclaim },
  { weight: 2, act: reclaimUnheard },
  { weight: 4, act: offer },
  { weight: 1, act: goAway },
  { weight: 1, act: getStuck },
  { weight: 7, act: comeBack },
  { weight: 1, act: reboot },
  { weight: 2, act: thinkLong },
  { weight: 2, act: spoilLine },
  { weight: 2, act: sayAtOnce },
  { weight: 2, act: crash },
  { weight: 2, act: dieLooking },
  { weight: 1, act: stepClock },
  { weight: 3, act: settle },
]
const WEIGHTS = ACTIONS.reduce((sum, { weight }) => sum + weight, 0)

export function drawAction(scene: Scene): Act {
  // A clock that is wrong is put right soon: meanwhile nothing is granted.
  if (scene.world.steppedMs !== 0 && scene.world.chance.whole(0, 4) === 0) return stepClock
  let left = scene.world.chance.whole(0, WEIGHTS)
  for (const { weight, act } of ACTIONS) {
    left -= weight
    if (left < 0) return act
  }
  return pass
}

async function pass({ world }: Scene) {
  await world.pass(world.chance.whole(200, 12 * SECOND))
  return NOTHING
}

async function passUnseen({ world }: Scene) {
  await world.pass(world.chance.whole(1, 8 * SECOND), true)
  return NOTHING
}

async function passLong({ world }: Scene) {
  await world.pass(world.chance.whole(30 * SECOND, 3 * MINUTE))
  return NOTHING
}

// ---- the bank ------------------------------------------------------------------------------------

async function hold(scene: Scene) {
  const { chance } = scene.world
  const cards = chance.whole(1, 3)
  scene.draws += 1
  const request = requestOf(
    {
      drawId: `d${scene.draws}`,
      what: chance.isHeads ? { kind: 'pool', cards } : lotsOf(scene, cards),
      forMs: chance.whole(1, 15) * MINUTE + chance.whole(0, MINUTE),
      holdMs: chance.whole(5, 60) * SECOND,
      isUnfencedTaken: chance.whole(0, 4) > 0,
      isKeptInSilence: chance.whole(0, 6) === 0,
    },
    chance.of(['never', 'before_start', 'with_notice', 'with_notice'] as const),
  )
  return scene.clients.make({ kind: 'hold', request }, deathOf(scene))
}

function lotsOf({ world }: Scene, cards: number): DrawInput['what'] {
  const node = world.chance.of(world.nodes)
  return {
    kind: 'cards',
    lots: [{ lotId: lotOf(node.nodeId), cards: Math.min(cards, node.cards.length) }],
  }
}

async function post(scene: Scene) {
  const drawId = drawIn(scene, 'held')
  return drawId === null ? NOTHING : scene.clients.make({ kind: 'post', drawId }, deathOf(scene))
}

async function book(scene: Scene) {
  const { chance, nowMs } = scene.world
  const cards = chance.whole(1, 4)
  scene.draws += 1
  const what = {
    kind: 'pool' as const,
    cards,
    cardsMin: chance.isHeads ? chance.whole(1, cards + 1) : null,
    siteCode: chance.of(['SITE-1', 'SITE-1', 'SITE-2']),
    model: MODEL,
  }
  const startMs = nowMs + chance.whole(40 * SECOND, 5 * MINUTE)
  const asked = {
    drawId: `d${scene.draws}`,
    what,
    startMs,
    forMs: chance.whole(1, 20) * MINUTE,
    confidencePpm: chance.of([500_000, 800_000, 950_000]),
    isUnfencedTaken: true,
  }
  const request = requestOf(asked, chance.of(['never', 'with_notice'] as const))
  return scene.clients.make({ kind: 'book', request: { ...request, startMs } }, deathOf(scene))
}

async function holdAndPost(scene: Scene) {
  const faults = await hold(scene)
  if (faults.length > 0) return faults
  const drawId = `d${scene.draws}`
  if (scene.world.books.draws.get(drawId)?.state !== 'held') return NOTHING
  return scene.clients.make({ kind: 'post', drawId }, deathOf(scene))
}

async function voidOne(scene: Scene) {
  const drawId = drawIn(scene, 'held')
  return drawId === null ? NOTHING : scene.clients.make({ kind: 'void', drawId }, deathOf(scene))
}

async function giveBack(scene: Scene) {
  const drawId = drawIn(scene, 'posted')
  if (drawId === null) return NOTHING
  const { chance } = scene.world
  const cards = scene.world.books.draws.get(drawId)?.books.length ?? 1
  const ordinals = chance.isHeads ? ('all' as const) : [chance.whole(0, cards)]
  return scene.clients.make({ kind: 'return', drawId, ordinals }, deathOf(scene))
}

async function extend(scene: Scene) {
  const drawId = drawIn(scene, 'posted')
  if (drawId === null) return NOTHING
  const { chance, nowMs } = scene.world
  const untilMs = nowMs + chance.whole(1, 30 * MINUTE)
  return scene.clients.make({ kind: 'extend', drawId, untilMs }, deathOf(scene))
}

async function retry(scene: Scene) {
  const { calls } = scene.clients
  if (calls.length === 0) return NOTHING
  const { chance } = scene.world
  const recent = calls.slice(-12)
  return scene.clients.make(chance.of(chance.isHeads ? recent : calls), deathOf(scene))
}

/** One whose state is that, or now and then any. */
function drawIn({ world }: Scene, state: string): string | null {
  const all = [...world.books.draws]
  const fitting = all.filter(([, draw]) => draw.state === state)
  const chosen = world.chance.whole(0, 12) === 0 ? all : fitting
  return chosen.length === 0 ? null : world.chance.of(chosen)[0]
}

function deathOf({ world }: Scene): Death | null {
  const { chance } = world
  if (chance.whole(0, 10) > 0) return null
  return { write: 1, isBefore: chance.isHeads }
}

// ---- the collector ------------------------------------------------------------------------------------

async function crash({ world }: Scene) {
  world.rise()
  await world.look()
  return NOTHING
}

/** Only where no silence is near its end: which leases a dead process has ended of it nobody knows. */
async function dieLooking({ world }: Scene) {
  const { books, chance, nodes } = world
  if (nodes.some(({ nodeId }) => world.nowMs - books.evidence.toldToMs(nodeId) > MINUTE))
    return NOTHING
  world.life.arm({ write: chance.whole(1, 3), isBefore: chance.isHeads })
  await world.pass(chance.whole(1, 10 * SECOND))
  world.life.disarm()
  return NOTHING
}

async function stepClock({ world }: Scene) {
  const { chance } = world
  if (world.steppedMs !== 0) {
    world.step(-world.steppedMs)
    world.note('the clock is right again')
    return NOTHING
  }
  const byMs = chance.whole(3 * SECOND, MINUTE) * (chance.isHeads ? 1 : -1)
  world.step(byMs)
  world.note(`the clock steps by ${byMs} ms`)
  // It is noticed at the next look.
  await world.pass(chance.whole(1, 5 * SECOND))
  return NOTHING
}

async function settle({ world }: Scene) {
  await world.wait(world.life.settler.drain())
  if (world.chance.isHeads) await world.wait(world.life.sequencer.drain())
  return NOTHING
}
