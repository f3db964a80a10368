/** The nvidia-smi of images for T-Head's PPU is refused whole, in every form it can take. */
import { describe, expect, test } from 'vitest'
import { parseNvidia } from '../../../../agent/src/probes/nvidia/parse.ts'
import { NvidiaProbe } from '../../../../agent/src/probes/nvidia/probe.ts'
import { fixture } from '../../../support/captures.ts'
import { type ToolAnswer, ToolBox } from '../../../support/fake-tool.ts'
import { plugCard } from '../../../support/plug-card.ts'

const UUID = 'GPU-019ea108-c110-0828-0000-0000c07e1a46'
const PPU_TABLE = fixture('thead-ppu/zw810e-x2__2.1__mig.txt')
const NVIDIA_TABLE = fixture('nvidia/rtx4090-x2__550__load.txt')
const LIST = `GPU 0: PPU-ZW810E (UUID: ${UUID})\n`
const XML = fixture('nvidia/p100-x2__510__idle.txt').replaceAll(
  /<product_name>.*<\/product_name>/g,
  '<product_name>PPU-ZW810E</product_name>',
)
const ROW = `0, ${UUID}, 00000000:08:00.0, PPU-ZW810E, 2.1.0, 98304, 49, 4, 0, 74.00, 400.00, 24`

describe('recognised by its output', () => {
  test.each([
    { form: 'the banner of ppu-smi', text: PPU_TABLE },
    {
      form: 'a banner with HGGC in place of CUDA',
      text: `+------+
| NVIDIA-SMI 535.1    Driver Version: 2.1.0-dbda51    HGGC Version: 13.0    |
+------+
`,
    },
    { form: 'the list of ppu-smi', text: LIST.replace('GPU 0', 'PPU 0') },
    { form: 'a list of PPUs', text: LIST },
    { form: 'a list of an early release', text: LIST.replace('PPU-ZW810E', 'alixpu') },
    { form: 'XML of PPUs', text: XML },
    {
      form: 'CSV of PPUs',
      text: `index, name, uuid, memory.used [MiB]\n0, PPU-ZW810E, ${UUID}, 49 MiB\n`,
    },
    {
      form: 'CSV with ids of PPUs',
      text: 'index, uuid\n0, PPU-0cdd7938-b576-2411-a408-3ad81dfc1a78\n',
    },
    {
      form: 'the text of -q',
      text: `==============PPUSMI LOG==============\nDriver Version : 2.1.0\n`,
    },
    { form: 'an error of its library', text: 'init HGML error: driver is not loaded\n' },
  ])('$form', ({ text }) => {
    expect(parseNvidia(text, null)).toMatchObject({
      devices: [],
      error: {
        code: 'tool_wrong_vendor',
        class: 'wrong_tool',
        text: expect.stringContaining('T-Head'),
      },
    })
  })

  test('a process may have any name', () => {
    const text = NVIDIA_TABLE.replace(/( C {3})\S+/, '$1PPU-SMI HGGC Version: 13')
    expect(text).not.toBe(NVIDIA_TABLE)
    expect(parseNvidia(text, null).devices).toHaveLength(2)
    const apps = `pid, process_name, gpu_uuid\n42, PPU-ZW810E, ${UUID}\n`
    expect(parseNvidia(apps, null).error).toBeUndefined()
  })
})

describe('as the tool of a node', () => {
  const answers: readonly ToolAnswer[] = [
    { when: '-L', stdout: LIST },
    { when: '-q -x', stdout: XML },
    { when: '--query-gpu=*', stdout: `${ROW}\n` },
    { when: '--query-compute-apps*', stdout: '' },
  ]
  const refusal = { status: 'failed', code: 'tool_wrong_vendor' }

  test('gives no unit and no reading by any way', async () => {
    using box = new ToolBox()
    box.answers('nvidia-smi', answers)
    const probe = new NvidiaProbe(box.context())
    expect(await probe.inventory()).toMatchObject(refusal)
    expect(await probe.sample()).toMatchObject(refusal)
    await probe.release()
  })

  test.each([
    { way: 'the list', without: '-L' },
    { way: 'the log', without: '-q -x' },
  ])('is seen without $way too', async ({ without }) => {
    using box = new ToolBox()
    const rest = answers.filter(({ when }) => when !== without && !when.startsWith('--'))
    box.answers('nvidia-smi', [{ when: without, stdout: '' }, ...rest])
    expect(await new NvidiaProbe(box.context()).inventory()).toMatchObject(refusal)
  })

  test('leaves the vendor absent, and broken where the bus has a card of NVIDIA', async () => {
    using box = new ToolBox()
    box.answers('nvidia-smi', answers)
    plugCard(box.folder, {
      address: '0000:08:00.0',
      ids: ['1ded', '6001', '030200'],
      driver: 'alixpu',
    })
    const probe = new NvidiaProbe(box.context())
    expect(await probe.detect()).toEqual({ status: 'absent' })
    plugCard(box.folder, {
      address: '0000:16:00.0',
      ids: ['10de', '26b9', '030200'],
      driver: 'nvidia',
    })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code: 'tool_wrong_vendor' })
  })
})
