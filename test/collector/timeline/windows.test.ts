import { type RunName, runCode, stateOf } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OpenWindow } from '../../../collector/src/model/timeline.ts'
import { type EndedWindow, stepWindow } from '../../../collector/src/timeline/windows.ts'

type Piece = readonly [RunName, number]

/** Steps through pieces of so many seconds each, from 0. */
function walk(pieces: readonly Piece[], lateUntilMs = 0) {
  let window: OpenWindow | null = null
  const ended: EndedWindow[] = []
  let fromMs = 0
  for (const [name, seconds] of pieces) {
    const toMs = fromMs + seconds * 1000
    const isLate = toMs <= lateUntilMs
    const step = stepWindow(window, { code: runCode(name), fromMs, toMs, isLate })
    window = step.window
    if (step.ended !== null) ended.push(step.ended)
    fromMs = toMs
  }
  return { window, ended }
}

describe('a free window', () => {
  const rows: readonly (readonly [string, readonly Piece[], Partial<OpenWindow> | null])[] = [
    [
      'starts with free time',
      [['free/proven', 60]],
      { startMs: 0, ageStartMs: 0, provenMs: 60_000 },
    ],
    ['does not start with unknown time', [['unknown/probe', 60]], null],
    [
      'outlives a lone grey reading, which is not proven (C21)',
      [
        ['free/proven', 60],
        ['busy/grey', 10],
        ['free/proven', 60],
      ],
      { startMs: 0, ageStartMs: 0, provenMs: 120_000 },
    ],
    [
      'is ended by two grey readings, which arrive as busy (C21)',
      [
        ['free/proven', 60],
        ['busy/active', 20],
      ],
      null,
    ],
    [
      'keeps its age over an unknown of 30 s',
      [
        ['free/proven', 60],
        ['unknown/probe', 30],
        ['free/proven', 60],
      ],
      { startMs: 0, ageStartMs: 0, provenMs: 120_000 },
    ],
    [
      'counts its age anew after an unknown of more than 30 s',
      [
        ['free/proven', 60],
        ['unknown/probe', 31],
        ['free/proven', 60],
      ],
      { startMs: 0, ageStartMs: 91_000, provenMs: 120_000 },
    ],
    [
      'outlives an unknown of 90 s',
      [
        ['free/proven', 60],
        ['unknown/restart', 90],
        ['free/proven', 60],
      ],
      { startMs: 0, ageStartMs: 150_000 },
    ],
    [
      'is ended by an unknown of more than 90 s, and a new one starts',
      [
        ['free/proven', 60],
        ['unknown/restart', 91],
        ['free/proven', 60],
      ],
      { startMs: 151_000, ageStartMs: 151_000 },
    ],
    [
      'is ended by an ordered pause, however short (C26)',
      [
        ['free/proven', 60],
        ['unknown/paused', 1],
        ['free/proven', 60],
      ],
      { startMs: 61_000, ageStartMs: 61_000, provenMs: 60_000 },
    ],
    [
      'is ended by memory in use',
      [
        ['free/proven', 60],
        ['occupied/in_use', 1],
      ],
      null,
    ],
    [
      'is ended by an allocation',
      [
        ['free/proven', 60],
        ['allocated/scheduler', 1],
      ],
      null,
    ],
    [
      'is ended by a fault',
      [
        ['free/proven', 60],
        ['faulty/ecc', 1],
      ],
      null,
    ],
  ]
  test.each(rows)('%s', (_name, pieces, expected) => {
    const { window } = walk(pieces)
    if (expected === null) expect(window).toBeNull()
    else expect(window).toMatchObject(expected)
  })

  test('has no age from free time that arrived late', () => {
    const { window } = walk(
      [
        ['free/proven', 3600],
        ['free/proven', 60],
      ],
      3_600_000,
    )
    expect(window).toMatchObject({ startMs: 0, ageStartMs: 3_600_000, provenMs: 3_660_000 })
  })

  test('ends where free was last proven, with what ended it', () => {
    const { ended } = walk([
      ['free/proven', 60],
      ['unknown/probe', 40],
      ['busy/active', 5],
    ])
    expect(ended).toEqual([
      {
        startMs: 0,
        ageStartMs: 0,
        endMs: 60_000,
        provenMs: 60_000,
        endCode: runCode('busy/active'),
      },
    ])
  })
})

const anyPiece = fc.tuple(
  fc.constantFrom<RunName>(
    'free/proven',
    'busy/grey',
    'unknown/probe',
    'unknown/gap',
    'busy/active',
    'occupied/in_use',
  ),
  fc.integer({ min: 1, max: 120 }),
)

test('no window ever covers more than 90 s of which nothing is known, nor any other state', () => {
  fc.assert(
    fc.property(fc.array(anyPiece, { maxLength: 60 }), (pieces) => {
      const { window, ended } = walk(pieces)
      const all = [...ended, ...(window === null ? [] : [{ ...window, endMs: window.provenToMs }])]
      let fromMs = 0
      let unknownMs = 0
      for (const [name, seconds] of pieces) {
        const toMs = fromMs + seconds * 1000
        const state = stateOf(runCode(name))
        unknownMs = state === 'unknown' ? unknownMs + seconds * 1000 : 0
        const covers = all.some((one) => one.startMs < toMs && fromMs < one.endMs)
        if (covers) {
          expect(state === 'free' || state === 'unknown' || name === 'busy/grey').toBe(true)
          expect(unknownMs).toBeLessThanOrEqual(90_000)
        }
        fromMs = toMs
      }
    }),
  )
})

test('1 % of failed samples over eight hours restart no window (C23)', () => {
  // One failed reading costs the span before and after it: 20 s of 10 s samples.
  const isFailed = (sample: number) => sample % 100 === 50
  const pieces: Piece[] = Array.from({ length: 8 * 360 }, (_, sample) =>
    isFailed(sample) || isFailed(sample - 1) ? ['unknown/probe', 10] : ['free/proven', 10],
  )
  const { window, ended } = walk(pieces)
  expect(ended).toEqual([])
  expect(window).toMatchObject({ startMs: 0, ageStartMs: 0 })
  const unknownMs = 8 * 3_600_000 - (window?.provenMs ?? 0)
  expect(unknownMs).toBe(29 * 20_000)
})
