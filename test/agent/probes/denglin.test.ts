/** dlsmi as a probe: four chips on a card, one serial, and figures that repeat below others. */
import { describe, expect, test } from 'vitest'
import { denglin } from '../../../agent/src/probes/denglin.ts'
import { fixture } from '../../support/captures.ts'
import { ToolBox } from '../../support/fake-tool.ts'
import { plugCard } from '../../support/plug-card.ts'

const MASKED = fixture('denglin/ks38-x2__2.2.1__load.txt')
const XML = MASKED.replaceAll('00000000000000000000', 'GDF00189C01DE2530')
  .replace('GPU-00000000-0000-0000-0000-000000000000', 'GPU-be21b2e7-f219-1666-711f-d9b646c1f00b')
  .replace('GPU-00000000-0000-0000-0000-000000000000', 'GPU-be21b2e7-f219-1666-711f-d9b646c1f002')

function dlsmi(box: ToolBox, xml = XML): void {
  box.answers('dlsmi', [{ when: 'query --xml-format', stdout: xml }])
}

describe('dlsmi', () => {
  test('names chips by their UUID, with their place on the card beside it', async () => {
    using box = new ToolBox()
    dlsmi(box)
    const inventory = await denglin.create(box.context()).inventory()
    expect(inventory.status === 'ok' && inventory.units).toMatchObject([
      {
        key: 'GPU-be21b2e7-f219-1666-711f-d9b646c1f00b',
        name: 'KS38 QUAD-3',
        pciAddress: '0000:1a:00.0',
        memoryTotalBytes: 32768 * 1024 * 1024,
        powerCapWatts: 26,
        driverVersion: '2.2.1-rc3',
        identities: [{ strength: 'strong' }, { strength: 'board', raw: 'GDF00189C01DE2530/3' }],
        offers: { utilization: true, memory: true, processes: true, health: false, power: true },
      },
      { identities: [{ strength: 'strong' }, { strength: 'board', raw: 'GDF00189C01DE2530/2' }] },
    ])
  })

  test('zeroed ids are none: chips are known by their places', async () => {
    using box = new ToolBox()
    dlsmi(box, MASKED)
    const inventory = await denglin.create(box.context()).inventory()
    expect(inventory.status === 'ok' && inventory.units.map(({ key }) => key)).toEqual([
      'denglin:0000:1a:00.0',
      'denglin:0000:1b:00.0',
    ])
  })

  test('samples every engine and the memory of the chip, not of its clusters', async () => {
    using box = new ToolBox()
    dlsmi(box)
    expect(await denglin.create(box.context()).sample()).toMatchObject({
      readings: [
        { memoryUsedBytes: 293 * 1024 * 1024, processes: { computeCount: 0 } },
        {
          utilization: { compute: 0.88, memory_controller: 0.41, encoder: 0, decoder: 0.12 },
          memoryUsedBytes: 21504 * 1024 * 1024,
          powerWatts: 19.84,
          processes: { computeCount: 1, memoryUsedBytes: 21211 * 1024 * 1024 },
        },
      ],
    })
  })

  test.each([
    { count: '0', health: { status: 'ok', cause: null, detail: null } },
    { count: '2', health: { status: 'failed', cause: 'ecc', detail: '2 uncorrected ECC errors' } },
  ])('$count uncorrected ECC errors', async ({ count, health }) => {
    using box = new ToolBox()
    dlsmi(box, XML.replaceAll('<total>N/A</total>', `<total>${count}</total>`))
    expect(await denglin.create(box.context()).sample()).toMatchObject({
      readings: [{ health }, { health }],
    })
  })

  test.each([
    { name: 'an element left empty', processes: '<processes></processes>' },
    { name: 'a word nobody knows', processes: '<processes>N/A</processes>' },
    { name: 'entries of another shape', processes: '<processes><p>4242</p></processes>' },
  ])('$name proves no empty chip', async ({ processes }) => {
    using box = new ToolBox()
    dlsmi(box, XML.replace('<processes>None</processes>', processes))
    expect(await denglin.create(box.context()).sample()).toMatchObject({
      readings: [{ processes: null }, { processes: { computeCount: 1 } }],
    })
  })

  test.each([
    { name: 'an output cut short', stdout: XML.slice(0, -20), code: 'tool_failed' },
    { name: 'no GPU in it', stdout: '<dlsmi_log>\n</dlsmi_log>\n', code: 'tool_failed' },
    { name: 'no driver', stdout: 'dl driver is not loaded\n', code: 'tool_failed' },
    { name: 'no rights', stdout: 'open /dev/dl0: Permission denied\n', code: 'permission_denied' },
    {
      name: 'another maker’s tool',
      stdout: '<nvidia_smi_log>\n<gpu id="00000000:01:00.0"></gpu>\n</nvidia_smi_log>\n',
      code: 'tool_wrong_vendor',
    },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    box.answers('dlsmi', [{ when: '*', stdout, exitCode: 1 }])
    const probe = denglin.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    plugCard(box.folder, { address: '0000:0c:00.0', ids: ['10de', '2324', '030200'], driver: null })
    expect(await probe.detect()).toEqual({ status: 'absent' })
    plugCard(box.folder, { address: '0000:1a:00.0', ids: ['1e27', '0006', '120000'], driver: null })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })
})
