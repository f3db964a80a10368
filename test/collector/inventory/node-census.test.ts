import { expect, test } from 'vitest'
import { type CountedNode, censusOf } from '../../../collector/src/inventory/node-census.ts'

function node(
  presence: CountedNode['presence'],
  cause: CountedNode['cause'] = 'silent',
  offsetMs: number | null = 0,
): CountedNode {
  return { presence, cause, offsets: { offsetMs: () => offsetMs } }
}

test('every node is counted once: who has said goodbye is neither silent nor suspended', () => {
  const { clocksFlagged, clocksNotDepositable, ...presences } = censusOf([
    node('heard'),
    node('heard'),
    node('suspended'),
    node('silent'),
    node('silent', 'stopped'),
    node('suspended', 'stopped'),
  ])
  expect(presences).toEqual({ heard: 2, suspended: 1, silent: 1, stopped: 2 })
  expect([clocksFlagged, clocksNotDepositable]).toEqual([0, 0])
})

test('a node that says goodbye and is still heard is heard', () => {
  expect(censusOf([node('heard', 'stopped')])).toMatchObject({ heard: 1, stopped: 0 })
})

test('clocks are judged either way, over 2 s and over 5 s, of nodes that are heard and have told', () => {
  const nodes = [
    node('heard', 'silent', 2_000),
    node('heard', 'silent', -2_001),
    node('heard', 'silent', 5_001),
    node('heard', 'silent', null),
    node('silent', 'silent', 60_000),
  ]
  expect(censusOf(nodes)).toMatchObject({ clocksFlagged: 2, clocksNotDepositable: 1 })
})
