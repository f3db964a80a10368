/** The table of npu-smi: whose process it is, and when nothing is told of a chip. */
import { describe, expect, test } from 'vitest'
import { readAscend } from '../../../../agent/src/probes/ascend/parse.ts'
import { isFailure } from '../../../../agent/src/probes/card.ts'
import { fixture } from '../../../support/captures.ts'

const BORDER = '+===========================+===============+====================+\n'
const ROWS = `| 0       0                 | 4004          | python             | 25600  |
| 0       1                 | 4005          | python             | 25600  |
`
/** One card with two chips, each with a process. */
const DUO = `${BORDER}| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip  Phy-ID              | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
${BORDER}| 0     Ascend910           | OK            | 93.6        32                0    / 0             |
| 0     0                   | 0000:C1:00.0  | 0           0    / 0          2823 / 32768         |
${BORDER}| 0     Ascend910           | OK            | -           33                0    / 0             |
| 1     1                   | 0000:C2:00.0  | 7           0    / 0          2824 / 32768         |
${BORDER}| NPU     Chip              | Process id    | Process name       | Process memory(MB) |
${BORDER}${ROWS}${BORDER}`

function processesIn(text: string) {
  const reading = readAscend(text, 'npu-smi info')
  if (isFailure(reading)) throw new Error(reading.failure.text)
  return reading.devices.map(({ processes }) => processes?.map(({ pid }) => pid) ?? null)
}

describe('the processes of two chips', () => {
  test.each([
    { name: 'each on its own', text: DUO, processes: [[4004], [4005]] },
    {
      name: 'none on the chip without a row of a whole table',
      text: DUO.replace(/^.*4005.*\n/m, ''),
      processes: [[4004], []],
    },
    {
      name: 'untold where the table is cut behind a row',
      text: DUO.slice(0, DUO.indexOf('| 0       1  ')),
      processes: [null, null],
    },
    {
      name: 'untold where a row does not say its card',
      text: DUO.replace('| 0       1  ', '| ?       1  '),
      processes: [null, null],
    },
    {
      name: 'untold where a row does not say its chip',
      text: DUO.replace('| 0       1  ', '| 0       ?  '),
      processes: [null, null],
    },
    {
      name: 'untold of a chip whose number cannot be read',
      text: DUO.replace('| 1     1      ', '| ?     1      '),
      processes: [[4004], null],
    },
    {
      name: 'untold where a border and a row ran into one',
      text: DUO.replace(`${BORDER}${ROWS}`, BORDER.trimEnd() + ROWS),
      processes: [null, null],
    },
    {
      name: 'none where the tool says so of the card',
      text: DUO.replace(ROWS, '| No running processes found in NPU 0        |\n'),
      processes: [[], []],
    },
  ])('are told: $name', ({ text, processes }) => expect(processesIn(text)).toEqual(processes))
})

test('a card that soft partitions print twice is counted once', () => {
  const table = fixture('ascend/910b4-x2__25.0__load.txt')
  const card = table.slice(table.indexOf('| 0     910B4'), table.indexOf('| 1     910B4'))
  expect(readAscend(table.replace(card, card + card), 'npu-smi info')).toMatchObject({
    facts: { chip_count: 2, card_count: 2 },
    devices: [{}, { duplicate_of: 0 }, {}],
  })
})
