/**
 * From what nodes told down to the last second up to any sum: whatever cards did, told at once, late
 * or never, a sum over hours is the time they spent, before the hours are corrected and after.
 */
import { type RunName, runCode, silentLogger, stateOf } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import type { BucketFigure } from '../../../collector/src/rollup/bucket-figures.ts'
import { Roller } from '../../../collector/src/rollup/roller.ts'
import { spanSumsOf } from '../../../collector/src/rollup/sums.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import type { SumKey } from '../../../collector/src/storage/sum-store.ts'
import { ALL, NO_LIMITS } from '../../conformance/bucket-book.ts'
import { type Doing, HOUR, LedgerRig, MINUTE, START_MS } from '../bank/ledger-rig.ts'

const HOURS = 6
const CARDS = 2
const NAMES = ['free/proven', 'busy/active', 'occupied/in_use', 'allocated/scheduler'] as const
const SITES = ['SITE-1', 'SITE-2', 'SITE-3']
const STATES = ['busy', 'allocated', 'occupied', 'free', 'faulty', 'unknown'] as const
type State = (typeof STATES)[number]

interface Life {
  readonly doing: Doing
  /** Minutes that are told in time; the rest is told late, after the node was declared silent. */
  readonly toldMinutes: number
}

const life: fc.Arbitrary<Life> = fc
  .record({
    pieces: fc.array(
      fc.tuple(fc.constantFrom<RunName>(...NAMES), fc.integer({ min: 5, max: 4_000 })),
      {
        minLength: 3,
        maxLength: 12,
      },
    ),
    toldMinutes: fc.integer({ min: 1, max: HOURS * 60 }),
  })
  .map(({ pieces, toldMinutes }) => ({ doing: fillUp(pieces), toldMinutes }))

/** Cut to the hours of the test, or gone on with to their end. */
function fillUp(pieces: Doing): Doing {
  const wholeSeconds = (HOURS * HOUR) / 1000
  const filled: (readonly [RunName, number])[] = []
  let seconds = 0
  for (const [name, length] of [...pieces, ['free/proven', wholeSeconds] as const]) {
    const fits = Math.min(length, wholeSeconds - seconds)
    if (fits > 0) filled.push([name, fits])
    seconds += fits
  }
  return filled
}

function cut(doing: Doing, fromS: number, toS: number): Doing {
  let atS = 0
  return doing.flatMap(([name, seconds]) => {
    const [begin, end] = [Math.max(atS, fromS), Math.min(atS + seconds, toS)]
    atS += seconds
    return end > begin ? [[name, end - begin] as const] : []
  })
}

/** Milliseconds of each state in a span, of all cards of the lives. */
function truth(
  lives: readonly { readonly life: Life; readonly isAllTold: boolean }[],
  span: { readonly fromMs: number; readonly toMs: number },
): Readonly<Record<State, number>> {
  const sums = { busy: 0, allocated: 0, occupied: 0, free: 0, faulty: 0, unknown: 0 }
  const [fromS, toS] = [(span.fromMs - START_MS) / 1000, (span.toMs - START_MS) / 1000]
  for (const { life: one, isAllTold } of lives) {
    const toldS = isAllTold ? toS : one.toldMinutes * 60
    for (const [name, seconds] of cut(one.doing, fromS, Math.min(toS, toldS))) {
      sums[stateOf(runCode(name))] += seconds * 1000 * CARDS
    }
    sums.unknown += Math.max(0, toS - Math.max(fromS, toldS)) * 1000 * CARDS
  }
  return sums
}

test('a sum over hours is the time that cards spent, told in time, late or never', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(life, { minLength: 2, maxLength: 3 }),
      fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      fc.constantFrom(1, 2, 3),
      async (lives, isToldInTheEnd, dayHours) => {
        const rig = new LedgerRig()
        const roller = new Roller({ store: rig.store, clock: rig.clock, logger: silentLogger })
        const nodes: NodeId[] = []
        for (const index of lives.keys()) {
          nodes.push(await rig.admit(index + 1, [{}, {}], SITES[index] ?? ''))
        }
        const tell = (index: number, fromS: number, toS: number) =>
          rig.tellLate(nodes[index] as NodeId, cut(lives[index]?.doing ?? [], fromS, toS))
        const keepDays = async () => {
          for (let hour = 0; hour < HOURS; hour += dayHours) {
            const fromMs = START_MS + hour * HOUR
            await rig.store.keepSums({ grain: 'day', fromMs, toMs: fromMs + dayHours * HOUR })
          }
          const month = { fromMs: START_MS, toMs: START_MS + HOURS * HOUR }
          await rig.store.keepSums({ grain: 'month', ...month })
        }
        const check = async (knownAtMs: number, isAllTold: readonly boolean[]) => {
          for (const by of ['total', 'site'] as const)
            await agree(rig, { by, knownAtMs }, lives, isAllTold)
        }
        rig.clock.advance(HOURS * HOUR)
        for (const [index, one] of lives.entries()) await tell(index, 0, one.toldMinutes * 60)
        rig.clock.advance(2 * MINUTE)
        for (const node of nodes) await rig.declareSilent(node)
        rig.clock.advance(3 * HOUR)
        await roller.drain()
        const none = lives.map(() => false)
        await check(rig.now, none)
        await keepDays()
        await check(rig.now, none)
        const firstMs = rig.now
        rig.clock.advance(HOUR)
        for (const index of lives.keys()) {
          if (isToldInTheEnd[index] === true) {
            await tell(index, (lives[index]?.toldMinutes ?? 0) * 60, (HOURS * HOUR) / 1000)
          }
        }
        await roller.drain()
        await check(rig.now, isToldInTheEnd)
        await check(firstMs, none)
        await rig.store.close()
      },
    ),
    { numRuns: 25 },
  )
}, 120_000)

/** Over every length of span the hours can be cut into. */
async function agree(
  rig: LedgerRig,
  { by, knownAtMs }: { readonly by: SumKey; readonly knownAtMs: number },
  lives: readonly Life[],
  isAllTold: readonly boolean[],
): Promise<void> {
  for (const step of [1, 2, HOURS]) {
    const spans = Array.from({ length: HOURS / step }, (_, index) => ({
      fromMs: START_MS + index * step * HOUR,
      toMs: START_MS + (index + 1) * step * HOUR,
    }))
    const ask = { spans, knownAtMs, by, filter: ALL, provinceKeys: null, ...NO_LIMITS }
    const answer = await rig.store.readSums(SCOPE_ALL, ask)
    if (answer.status !== 'summed') throw new Error('too much')
    for (const [index, span] of spans.entries()) {
      const told = lives.map((one, at) => ({ life: one, isAllTold: isAllTold[at] === true }))
      const groups =
        by === 'total'
          ? [{ key: 'total', told }]
          : told.map((one, at) => ({ key: SITES[at], told: [one] }))
      for (const group of groups) {
        const sums = spanSumsOf(answer.sums).filter(
          (one) => one.span === index && one.key === group.key,
        )
        expect(sums).toHaveLength(1)
        const found = STATES.map((state) => [
          state,
          Number(sums[0]?.[`${state}Ms` as BucketFigure]),
        ])
        expect(Object.fromEntries(found)).toEqual(truth(group.told, span))
      }
    }
  }
}
