/** vasmi as a probe: dies with a function of their own, serials of cards, no proof of idleness. */
import { describe, expect, test } from 'vitest'
import { vastai } from '../../../../agent/src/probes/vastai/vendor.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { plugCard } from '../../../support/plug-card.ts'

const SHOW = 'show --display-format=json'
const MEMORY = 'getmem --display-format=json'

function element(bus: string, serial: string, values: Record<string, unknown>) {
  const vals = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]))
  return { pci_bus: bus, sn: serial, vals }
}

const SHOWN = JSON.stringify({
  elem: [
    element('0000:3b:00.0', 'VA24050001', {
      'Power Draw': '45.5 W',
      Temperature: '62 C',
      Utilization: '45 %',
      'Memory Utilization': '58 %',
    }),
    element('0000:3c:00.0', 'VA24050002', { 'Power Draw': 'N/A', Utilization: 'N/A' }),
  ],
})
const SIZES = JSON.stringify({
  elem: [
    element('0000:3B:00.0', 'VA24050001', { Physical: '16384 MiB' }),
    element('0000:3C:00.0', 'VA24050002', { 'Physical memory': '16.00GB' }),
  ],
})

describe('vasmi', () => {
  test('joins sizes to what is shown, and offers what is told of each card', async () => {
    using box = new ToolBox()
    box.answers('vasmi', [
      { when: SHOW, stdout: SHOWN },
      { when: MEMORY, stdout: SIZES },
    ])
    const inventory = await vastai.create(box.context()).inventory()
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      {
        key: 'VA24050001',
        pciAddress: '0000:3b:00.0',
        memoryTotalBytes: 16384 * 1024 * 1024,
        identities: [{ strength: 'board', raw: 'VA24050001' }],
        offers: { utilization: true, memory: false, processes: false, health: false, power: true },
      },
      {
        memoryTotalBytes: 16384 * 1024 * 1024,
        offers: { utilization: false, processes: false, power: false },
      },
    ])
  })

  test('samples with one call; memory in use and processes stay untold', async () => {
    using box = new ToolBox()
    box.answers('vasmi', [
      { when: SHOW, stdout: SHOWN },
      { when: MEMORY, stdout: SIZES },
    ])
    const probe = vastai.create(box.context())
    await probe.inventory()
    const before = box.calls('vasmi').length
    const sample = await probe.sample()
    expect(box.calls('vasmi').slice(before)).toEqual([SHOW])
    expect(sample.status === 'ok' && sample.readings[0]).toMatchObject({
      key: 'VA24050001',
      utilization: { compute: 0.45 },
      memoryTotalBytes: 16384 * 1024 * 1024,
      memoryUsedBytes: null,
      powerWatts: 45.5,
      temperatureCelsius: 62,
      processes: null,
    })
  })

  test('never makes the tool write a file', async () => {
    using box = new ToolBox()
    box.answers('vasmi', [{ when: SHOW, stdout: SHOWN }])
    const probe = vastai.create(box.context())
    await probe.inventory()
    await probe.sample()
    expect(box.calls('vasmi').filter((call) => /outputfile|pmon/.test(call))).toEqual([])
  })

  test('dies of one card are known by their places, and its power is not theirs', async () => {
    using box = new ToolBox()
    box.answers('vasmi', [{ when: SHOW, stdout: SHOWN.replaceAll('VA24050002', 'VA24050001') }])
    const probe = vastai.create(box.context())
    const inventory = await probe.inventory()
    expect(inventory.status === 'ok' && inventory.units.map(({ key }) => key)).toEqual([
      'vastai:0000:3b:00.0',
      'vastai:0000:3c:00.0',
    ])
    expect(await probe.sample()).toMatchObject({
      readings: [{ key: 'vastai:0000:3b:00.0', powerWatts: null }, {}],
    })
  })

  test('sizes that take too long fail the inventory', async () => {
    using box = new ToolBox()
    box.answers('vasmi', [{ when: SHOW, stdout: SHOWN }])
    const context = box.context()
    const sentence = 'vasmi did not answer.'
    const probe = vastai.create({
      ...context,
      exec: {
        locate: (tool) => context.exec.locate(tool),
        stream: () => null,
        run: async (call) =>
          call.args[0] === 'getmem'
            ? { status: 'timeout', sentence, durationMs: 15_000 }
            : context.exec.run(call),
      },
    })
    expect(await probe.inventory()).toEqual({ status: 'failed', code: 'tool_timeout', sentence })
  })

  test.each([
    { name: 'a document cut short', stdout: SHOWN.slice(0, -3), code: 'tool_failed' },
    { name: 'no card in it', stdout: '{"elem":[]}\n', code: 'tool_failed' },
    { name: 'no device', stdout: 'Error: no device found\n', code: 'tool_failed' },
    { name: 'no rights', stdout: 'please run as root\n', code: 'permission_denied' },
    {
      name: 'another maker’s tool',
      stdout: '|EFSMI    V1.2.0.301       Driver Ver: 1.2.0.301         |\n',
      code: 'tool_wrong_vendor',
    },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    box.answers('vasmi', [{ when: '*', stdout, exitCode: 1 }])
    const probe = vastai.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    plugCard(box.folder, { address: '0000:0c:00.0', ids: ['10de', '2324', '030200'], driver: null })
    expect(await probe.detect()).toEqual({ status: 'absent' })
    plugCard(box.folder, { address: '0000:3b:00.0', ids: ['1ec6', '0100', '120000'], driver: null })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })
})
