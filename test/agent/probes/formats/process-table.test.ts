/** Processes below a table of cards. */
import { describe, expect, test } from 'vitest'
import { groupsBetweenBorders } from '../../../../agent/src/probes/formats/bar-table.ts'
import {
  processesOf,
  readProcessTable,
} from '../../../../agent/src/probes/formats/process-table.ts'

const BORDER = '+--------------------------------------------------+'
const HEADER = '| Card  VF  PID    Command Line   MLU Memory Usage |'

function tableOf(rows: readonly string[], { header = HEADER, isClosed = true } = {}) {
  const body = rows.map((row) => `| ${row} |`)
  const lines = [BORDER, '| Processes: |', header, BORDER, ...body, ...(isClosed ? [BORDER] : [])]
  return readProcessTable(groupsBetweenBorders(lines))
}

describe('a table of processes', () => {
  test('that is not whole tells nothing of a card with rows either', () => {
    const row = '0  /  12  python  2 GiB'
    expect(processesOf(tableOf([row]), 0)).toHaveLength(1)
    expect(processesOf(tableOf([row], { isClosed: false }), 0)).toBeNull()
    expect(processesOf(tableOf([row, '? / x y']), 0)).toBeNull()
  })

  test('may print figures alone where its titles tell the unit', () => {
    const header = '| GPU  PID  Process name  Usage(MiB) |'
    expect(processesOf(tableOf(['0  12  python  27'], { header }), 0)).toMatchObject([
      { memory_mib: 27 },
    ])
    expect(processesOf(tableOf(['0  /  12  python  27']), 0)).toMatchObject([{ memory_mib: null }])
  })

  test('names the parts that a process runs in, and what kind it is', () => {
    const header = '| GPU  GI  CI  PID  Type  Process name  GPU Memory |'
    expect(processesOf(tableOf(['0  3  N/A  12  C+G  python  7MiB'], { header }), 0)).toEqual([
      { pid: 12, type: 'C+G', name: 'python', memory_mib: 7, gi: 3 },
    ])
  })

  test('of a tool that runs on counts as it was printed last', () => {
    const lines = [HEADER, BORDER, '| 0 / 12 a 3 MiB |', BORDER]
    const later = [HEADER, BORDER, '| 0 / 13 b 3 MiB |', BORDER]
    const table = readProcessTable(groupsBetweenBorders([...lines, '', ...later]))
    expect(processesOf(table, 0)).toMatchObject([{ pid: 13 }])
  })

  test.each([
    ['0  /  12  python a.py  15829 MiB', { pid: 12, name: 'python a.py', memory_mib: 15829 }],
    ['0  /  12  python  2 GiB', { pid: 12, name: 'python', memory_mib: 2048 }],
    ['0  /  12  python  28001MiB', { pid: 12, name: 'python', memory_mib: 28001 }],
    ['0  /  12  python  N/A', { pid: 12, name: 'python', memory_mib: null }],
    ['0  /  12  python a.py', { pid: 12, name: 'python a.py', memory_mib: null }],
    ['0  1  12  a | b  3 MiB', { pid: 12, name: 'a | b', memory_mib: 3 }],
    ['0  /  12  3 MiB', { pid: 12, name: null, memory_mib: 3 }],
    ['0  /  12', { pid: 12, name: null, memory_mib: null }],
  ])('%j', (row, process) => {
    const table = tableOf([row])
    expect(processesOf(table, 0)).toEqual([process])
    // The table is whole, so a card without a row has none.
    expect(processesOf(table, 1)).toEqual([])
  })

  test('the column of parts is told by the header, not by what stands in it', () => {
    const header = '| GPU  PID  Process Name  GPU Memory Usage |'
    expect(processesOf(tableOf(['0  12  7 3 MiB'], { header }), 0)).toEqual([
      { pid: 12, name: '7', memory_mib: 3 },
    ])
  })

  test.each([
    { name: 'that says there are none', table: tableOf(['No running processes found']), list: [] },
    { name: 'without a row', table: tableOf([]), list: null },
    {
      name: 'that is not closed',
      table: tableOf(['1 / 12 a 3 MiB'], { isClosed: false }),
      list: null,
    },
    { name: 'with a row that cannot be read', table: tableOf(['1 / 12 a', '? / x y']), list: null },
    { name: 'that is not there', table: readProcessTable([]), list: null },
    {
      name: 'with two rows that ran into one, by the amount between them',
      table: tableOf(['1 / 12 a 3 MiB 1 / 13 b 4 MiB']),
      list: null,
    },
    {
      name: 'with two rows that ran into one, by the bars between them',
      table: tableOf(['1 / 12 a N/A || 1 / 13 b N/A']),
      list: null,
    },
  ])('$name tells of a card without rows: $list', ({ table, list }) => {
    expect(processesOf(table, 0)).toEqual(list)
  })
})
