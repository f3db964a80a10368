/** Inventories out of two calls: ids are lent to the card they were printed for, and to no other. */
import { describe, expect, test } from 'vitest'
import { type CardDevice, sparseCard } from '../../../agent/src/probes/card.ts'
import type { Answer, ToolSession } from '../../../agent/src/probes/card-vendor.ts'
import {
  askFirst,
  inventoryWithIds,
  joinByNumber,
} from '../../../agent/src/probes/inventory-calls.ts'

const FAILED = { status: 'failed', code: 'tool_failed', sentence: 'no' } as const
const HUNG = { status: 'failed', code: 'tool_timeout', sentence: 'hung' } as const

function answer(...devices: readonly CardDevice[]): Answer<CardDevice> {
  return {
    status: 'ok',
    output: { tool: 'tool', toolVersion: null, driverVersion: null, devices },
  }
}

function session(answers: Readonly<Record<string, Answer<CardDevice>>>) {
  const asked: string[] = []
  const tool: ToolSession<CardDevice> = {
    tool: 'tool',
    rootPrefix: '',
    ask: async (args) => {
      asked.push(args.join(' '))
      return answers[args.join(' ')] ?? FAILED
    },
    run: async () => null,
  }
  return { tool, asked }
}

describe('one command after the other', () => {
  test('the first answer is taken', async () => {
    const { tool, asked } = session({ b: answer(sparseCard(0)), c: answer(sparseCard(1)) })
    expect(await askFirst(tool, [['a'], ['b'], ['c']])).toMatchObject({ status: 'ok' })
    expect(asked).toEqual(['a', 'b'])
  })

  test('a tool that hangs is not asked again', async () => {
    const { tool, asked } = session({ a: HUNG, b: answer(sparseCard(0)) })
    expect(await askFirst(tool, [['a'], ['b']])).toEqual(HUNG)
    expect(asked).toEqual(['a'])
  })

  test('without any answer the last failure is told', async () => {
    expect(await askFirst(session({}).tool, [['a'], ['b']])).toEqual(FAILED)
  })
})

describe('cards and their ids', () => {
  const cards = answer(sparseCard(0, { pci: 'A', pci_bdf: '0000:0a:00.0', memory_used_mib: 7 }))
  const ids = answer(sparseCard(0, { uuid: 'u', memory_used_mib: 9 }))

  test('what the first call leaves open the second tells', async () => {
    const { tool } = session({ '': cards, ids })
    expect(await inventoryWithIds(tool, [], [['ids']])).toMatchObject({
      output: { devices: [{ uuid: 'u', pci: 'A', memory_used_mib: 7 }] },
    })
  })

  test('cards without known ids are cards', async () => {
    expect(await inventoryWithIds(session({ '': cards }).tool, [], [['ids']])).toEqual(cards)
  })

  test('ids that take too long fail the inventory', async () => {
    const { tool } = session({ '': cards, ids: HUNG })
    expect(await inventoryWithIds(tool, [], [['ids']])).toEqual(HUNG)
  })

  test('without cards nothing else is asked', async () => {
    const { tool, asked } = session({ ids })
    expect(await inventoryWithIds(tool, [], [['ids']])).toEqual(FAILED)
    expect(asked).toEqual([''])
  })
})

describe('cards of two outputs', () => {
  const card = (index: number, pci_bdf: string | null, uuid: string | null = null) =>
    sparseCard(index, { pci_bdf, uuid })

  test.each([
    {
      name: 'are the same by number and address',
      first: [card(0, 'a'), card(1, 'b')],
      second: [card(1, 'b', 'two'), card(0, 'a', 'one')],
      uuids: ['one', 'two'],
    },
    {
      name: 'are not where the addresses contradict',
      first: [card(0, 'a')],
      second: [card(0, 'b', 'one')],
      uuids: [null],
    },
    {
      name: 'are by number alone where as many are listed',
      first: [card(0, null), card(1, 'b')],
      second: [card(0, 'a', 'one'), card(1, null, 'two')],
      uuids: ['one', 'two'],
    },
    {
      name: 'are not by number alone where one is missing',
      first: [card(0, null), card(1, null)],
      second: [card(0, null, 'one')],
      uuids: [null, null],
    },
  ])('$name', ({ first, second, uuids }) => {
    expect(joinByNumber(first, second).map(({ uuid }) => uuid)).toEqual(uuids)
  })

  test('the place stays that of the first, by which samples are matched', () => {
    expect(joinByNumber([card(0, null)], [card(0, 'a', 'one')])).toMatchObject([
      { pci_bdf: null, uuid: 'one' },
    ])
  })
})
