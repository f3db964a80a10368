/** Two tools of one name: what the one prints, the other's parser refuses and says whose it is. */
import { describe, expect, test } from 'vitest'
import { readIntel } from '../../../agent/src/probes/intel/parse.ts'
import { readKunlunxin } from '../../../agent/src/probes/kunlunxin/parse.ts'
import { capturesOf } from '../../support/captures.ts'

const FOREIGN_CODE = 'tool_wrong_vendor'
const texts = (vendor: string) => capturesOf(vendor).map(({ name, text }) => ({ name, text }))

const OF_INTEL = [
  ...texts('intel'),
  {
    name: 'help of 1.x',
    text: 'Intel(R) XPU System Management Interface -- v1.3\nUsage: xpu-smi [Options]\n',
  },
  {
    name: 'a question 1.x does not know',
    text: 'The following arguments were not expected: -x -q\nRun with --help for more information.\n',
  },
  { name: 'a question 2.0 does not know', text: 'query: not yet implemented.\n' },
  {
    name: 'a failed start',
    text: '{\n    "error": "Level Zero Initialization Error",\n    "errno": 5\n}\n',
  },
  { name: 'health', text: '{"device_list":[{"device_id":0,"memory":{"status":"OK"}}]}\n' },
  { name: 'stats of 2.0', text: '[{"device_index":0,"pci_bdf":"0000:03:00.0"}]\n' },
  {
    name: 'its framed table',
    text: '+---+---+\n| Device ID | Device Information |\n+---+---+\n',
  },
  {
    name: 'its list',
    text: 'GPU 0: Intel(R) Arc(TM) B580 (UUID: GPU-868023e2-0000-0000-0d00-000000000000)\n',
  },
]
const OF_KUNLUNXIN = [
  ...texts('kunlunxin'),
  { name: 'its list', text: 'XPU 0: P800 OAM  GPU-ed733bb8-c4a8-5bb5-9431-14512597fc12\n' },
  { name: 'its usage', text: 'xpu-smi [OPTION1 [ARG1]] [OPTION2 [ARG2]] ...\n' },
  { name: 'its help', text: 'KUNLUNXIN 系统管理接口 -- v5.0.21\n' },
]

describe('a text of Intel’s tool is none of Kunlunxin’s', () => {
  test.each(OF_INTEL)('$name', ({ text }) => {
    expect(readKunlunxin(text, 'xpu-smi')).toMatchObject({
      failure: { code: FOREIGN_CODE, text: expect.stringContaining('tool of Intel') },
    })
  })
})

describe('a text of Kunlunxin’s tool is none of Intel’s', () => {
  test.each(OF_KUNLUNXIN)('$name', ({ text }) => {
    expect(readIntel(text, 'xpu-smi')).toMatchObject({
      failure: { code: FOREIGN_CODE, text: expect.stringContaining('tool of Kunlunxin') },
    })
  })
})

test('a text that shows neither maker is nobody’s', () => {
  for (const read of [readIntel, readKunlunxin]) {
    expect(read('segmentation fault\n', null)).toMatchObject({ failure: { class: 'unreadable' } })
  }
})
