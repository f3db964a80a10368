/** brsmi as a probe: samples from the table, ids from the richest query the version knows. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { biren } from '../../../../agent/src/probes/biren/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { plugCard } from '../../../support/plug-card.ts'

const TABLE = fixture('biren/biren106b-x2__1.11__load.txt')
/** As a shell pattern. */
const NO_ARGUMENTS = '""'
const RICH_QUERY = 'gpu --query-gpu=index,uuid,serial,pci.bus_id --format=csv'
const PLAIN_QUERY = 'gpu --query-gpu=index,name,serial --format=csv'
const RICH = `index, uuid, serial, pci.bus_id
0, GPU-7d1c0a52-0001, BR24050001, 00000000:5a:00.0
1, GPU-7d1c0a52-0002, BR24050002, 00000000:5b:00.0
`
const PLAIN = 'index, name, serial\n0, Biren106B, BR24050001\n1, Biren106B, 0\n'

async function unitsOf(box: ToolBox) {
  const inventory = await biren.create(box.context()).inventory()
  if (inventory.status === 'failed') throw new Error(inventory.sentence)
  return inventory.units
}

describe('brsmi', () => {
  test('names cards by UUID and serial where the version tells them', async () => {
    using box = new ToolBox()
    box.answers('brsmi', [
      { when: NO_ARGUMENTS, stdout: TABLE },
      { when: RICH_QUERY, stdout: RICH },
    ])
    expect((await unitsOf(box))[1]).toMatchObject({
      key: 'GPU-7d1c0a52-0002',
      name: 'Biren106B',
      kind: 'card',
      pciAddress: '0000:5b:00.0',
      memoryTotalBytes: 32512 * 1024 * 1024,
      powerCapWatts: 300,
      driverVersion: '1.11.0',
      identities: [
        { strength: 'strong', raw: 'GPU-7d1c0a52-0002' },
        { strength: 'board', raw: 'BR24050002' },
      ],
      offers: { utilization: true, memory: true, processes: true, health: true, power: true },
    })
  })

  test('asks for less where a field is not known; a zeroed serial is none', async () => {
    using box = new ToolBox()
    box.answers('brsmi', [
      { when: NO_ARGUMENTS, stdout: TABLE },
      { when: RICH_QUERY, stdout: 'Invalid field to query: uuid\n', exitCode: 2 },
      { when: PLAIN_QUERY, stdout: PLAIN },
    ])
    expect((await unitsOf(box)).map(({ identities }) => identities)).toEqual([
      [{ strength: 'board', raw: 'BR24050001' }],
      [],
    ])
  })

  test('without queries the cards are known by their places', async () => {
    using box = new ToolBox()
    box.answers('brsmi', [{ when: NO_ARGUMENTS, stdout: TABLE }])
    expect((await unitsOf(box)).map(({ key }) => key)).toEqual([
      'biren:0000:5a:00.0',
      'biren:0000:5b:00.0',
    ])
  })

  test('samples with the table alone', async () => {
    using box = new ToolBox()
    box.answers('brsmi', [
      { when: NO_ARGUMENTS, stdout: TABLE },
      { when: RICH_QUERY, stdout: RICH },
    ])
    const probe = biren.create(box.context())
    await probe.inventory()
    const before = box.calls('brsmi').length
    expect(await probe.sample()).toMatchObject({
      readings: [
        {
          key: 'GPU-7d1c0a52-0001',
          utilization: { compute: 0 },
          memoryUsedBytes: 0,
          health: { status: 'ok' },
          processes: { computeCount: 0 },
        },
        {
          key: 'GPU-7d1c0a52-0002',
          utilization: { compute: 0.93 },
          temperatureCelsius: 62,
          processes: { computeCount: 1, memoryUsedBytes: 28001 * 1024 * 1024 },
        },
      ],
    })
    expect(box.calls('brsmi').slice(before)).toEqual([])
  })

  test('never runs a command that changes a card', async () => {
    using box = new ToolBox()
    box.answers('brsmi', [{ when: NO_ARGUMENTS, stdout: TABLE }])
    await unitsOf(box)
    expect(box.calls('brsmi').filter((call) => !call.startsWith('gpu --query-gpu='))).toEqual([])
  })

  test('uncorrected ECC errors are a fault', async () => {
    using box = new ToolBox()
    const broken = TABLE.replace(
      '00000000:5a:00.0 |                       0',
      '00000000:5a:00.0 |                       3',
    )
    box.answers('brsmi', [{ when: NO_ARGUMENTS, stdout: broken }])
    expect(await biren.create(box.context()).sample()).toMatchObject({
      readings: [
        { health: { status: 'failed', cause: 'ecc', detail: '3 uncorrected ECC errors' } },
        { health: { status: 'ok' } },
      ],
    })
  })

  test('a card with SVI on is never proven free', async () => {
    using box = new ToolBox()
    const split = TABLE.replace('|                Disabled |', '|                 Enabled |')
    box.answers('brsmi', [{ when: NO_ARGUMENTS, stdout: split }])
    const sample = await biren.create(box.context()).sample()
    expect(sample).toMatchObject({ readings: [{ processes: null }, { processes: {} }] })
    expect(sample.status === 'ok' && sample.problems[0]?.sentence).toContain('SVI Enabled')
  })

  test('the node of a card is the one whose driver link leads to its address', async () => {
    using box = new ToolBox()
    box.answers('brsmi', [{ when: NO_ARGUMENTS, stdout: TABLE }])
    const link = (node: string, address: string) => {
      const folder = join(box.folder, 'sys/class/biren', node)
      mkdirSync(folder, { recursive: true })
      symlinkSync(`../../../${address}`, join(folder, 'device'))
    }
    link('card_3', '0000:5a:00.0')
    // Two instances of one card: none of their nodes is the card's.
    link('card_4', '0000:5b:00.0')
    link('card_5', '0000:5b:00.0')
    expect((await unitsOf(box)).map(({ deviceFile }) => deviceFile)).toEqual([
      '/dev/biren/card_3',
      null,
    ])
  })

  test.each([
    { name: 'no init', stdout: 'BRML: ERROR_UNINITIALIZED\n', code: 'tool_failed' },
    { name: 'no rights', stdout: 'Permission denied\n', code: 'permission_denied' },
    { name: 'garbage', stdout: '\u0000\u0001 | + garbage', code: 'tool_failed' },
    {
      name: 'a table without headers',
      stdout: TABLE.split('\n').slice(8).join('\n'),
      code: 'tool_failed',
    },
    {
      name: 'another maker’s tool',
      stdout: '| PPU-SMI 1.28          Driver Version: 2.1.0  HGGC Version: 13.0          |\n',
      code: 'tool_wrong_vendor',
    },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    box.answers('brsmi', [{ when: '*', stdout, exitCode: 1 }])
    const probe = biren.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    plugCard(box.folder, { address: '0000:5a:00.0', ids: ['1ee0', '0001', '120000'], driver: null })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })

  test('a tool without a card of its maker on the bus is nothing to report', async () => {
    using box = new ToolBox()
    box.answers('brsmi', [{ when: '*', stdout: 'No devices found\n', exitCode: 1 }])
    plugCard(box.folder, { address: '0000:0c:00.0', ids: ['10de', '2324', '030200'], driver: null })
    expect(await biren.create(box.context()).detect()).toEqual({ status: 'absent' })
  })
})
