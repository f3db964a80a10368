/** An answer of several pages is one table; what an answer does not hold is no row. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Asked, AskedRoute } from '../../../../collector/src/api/exports/asked-routes.ts'
import { EXPORT_TABLES, type ExportTable } from '../../../../collector/src/api/exports/tables.ts'
import { columnsOfTable, walk, walkedAnswer } from '../../../../collector/src/api/exports/walk.ts'

const ENTRIES = 5
const PER_PAGE = 2

const journalSchema = z.object({
  entries: z.array(z.object({ seq: z.number().int() })),
  next_after: z.number().int().nullable(),
})

/** A journal of five entries that tells two at once. */
function journal(asked: Asked[]): AskedRoute {
  return {
    access: 'journal',
    question: {},
    isPaged: false,
    answer: journalSchema,
    ask: (_request, _reply, what) => {
      asked.push(what)
      const { after } = { after: 0, ...what.query }
      const left = Array.from({ length: ENTRIES - after }, (_, index) => ({
        seq: after + index + 1,
      }))
      const entries = left.slice(0, PER_PAGE)
      const last = entries.at(-1)
      const isWhole = last !== undefined && entries.length === PER_PAGE
      return Promise.resolve({ entries, next_after: isWhole ? last.seq : null })
    },
  }
}

function tableOf(name: string): ExportTable {
  const table = EXPORT_TABLES.find((one) => one.name === name)
  if (table === undefined) throw new Error(`there is no table ${name}`)
  return table
}

test('a list that goes on by number is walked to its last page', async () => {
  const asked: Asked[] = []
  const asker = {} as Parameters<typeof walk>[2]
  const question = { query: { after: 1 }, params: {} }
  const seqs: unknown[] = []
  for await (const { rows } of walk(tableOf('journal-entries'), journal(asked), asker, question)) {
    seqs.push(...rows.flat())
  }
  expect(seqs).toEqual([2, 3, 4, 5])
  expect(asked.map(({ query }) => ('after' in query ? query.after : null))).toEqual([1, 3, 5])
})

describe('rows', () => {
  const probes = tableOf('node-probes')
  const nodeSchema = z.object({
    facts: z.object({ probes: z.array(z.object({ vendor: z.string() })) }).nullable(),
  })
  const rowsOf = (answer: unknown) =>
    walkedAnswer(probes, columnsOfTable(probes, { answer: nodeSchema }), answer).rows

  test('lie in what may be null, and are none where it is', () => {
    expect(rowsOf({ facts: { probes: [{ vendor: 'nvidia' }] } })).toEqual([['nvidia']])
    expect(rowsOf({ facts: null })).toEqual([])
  })

  test('of an exploded list are its elements alone, where the table says so', () => {
    const table = tableOf('accelerator-deposits')
    const answer = z.object({
      placements: z.array(
        z.object({
          unit_id: z.number().int(),
          segments: z.array(z.object({ state: z.string() })),
          deposits: z.array(z.object({ deposit_id: z.string() })),
        }),
      ),
    })
    const columns = columnsOfTable(table, { answer })
    const placements = [
      { unit_id: 1, segments: [{ state: 'free' }], deposits: [] },
      { unit_id: 2, segments: [], deposits: [{ deposit_id: 'd-1' }, { deposit_id: 'd-2' }] },
    ]
    expect(columns.map(({ key }) => key)).toEqual(['unit_id', 'deposits_deposit_id'])
    expect(walkedAnswer(table, columns, { placements }).rows).toEqual([
      [2, 'd-1'],
      [2, 'd-2'],
    ])
  })

  test('that a route has cut are told with how many there are', () => {
    const table = tableOf('balance')
    const answer = z.object({ errors: z.array(z.object({ kind: z.string() })) })
    const columns = columnsOfTable(table, { answer })
    const walked = walkedAnswer(table, columns, { errors: [{ kind: 'hole' }], errors_total: 300 })
    expect(walked.pedigree.total).toBe(300)
  })
})
