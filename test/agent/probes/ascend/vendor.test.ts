/** npu-smi as a probe: ids per chip, one call per sample, and what a broken tool makes of it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ascend } from '../../../../agent/src/probes/ascend/vendor.ts'
import type { ProbeContext } from '../../../../agent/src/probes/probe.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'

const TABLE = fixture('ascend/910b4-x2__25.0__load.txt')
const board = (npu: number, dieId: string) =>
  `\tNPU ID                         : ${npu}\n\tChip ID                        : 0\n\tVDie ID                        : ${dieId}\n`
const cardBoard = (npu: number) =>
  `\tNPU ID                         : ${npu}\n\tSerial Number                  : 1020SERIAL${npu}\n\tChip Count                     : 1\n`
const DIE_0 = '42C711D4 20B03704 4A10C8D4 14CC040A D2102003'
const DIE_1 = '42C711D4 20B03704 4A10C8D4 14CC040A D2102004'

function npuSmi(box: ToolBox, table = TABLE): void {
  box.answers('npu-smi', [
    { when: 'info', stdout: table },
    { when: 'info -t board -i 0 -c 0', stdout: board(0, DIE_0) },
    { when: 'info -t board -i 1 -c 0', stdout: board(1, DIE_1) },
    { when: 'info -t board -i 0', stdout: cardBoard(0) },
    { when: 'info -t board -i 1', stdout: cardBoard(1) },
  ])
}

/** A machine on which one kind of question is not answered in time. */
function hanging(box: ToolBox, type: string): ProbeContext {
  const context = box.context()
  const sentence = 'npu-smi did not answer.'
  return {
    ...context,
    exec: {
      locate: (tool) => context.exec.locate(tool),
      stream: (call) => context.exec.stream(call),
      run: async (call) =>
        call.args.includes(type)
          ? { status: 'timeout', sentence, durationMs: 15_000 }
          : context.exec.run(call),
    },
  }
}

describe('npu-smi', () => {
  test('names chips by their die, with the card serial beside it', async () => {
    using box = new ToolBox()
    npuSmi(box)
    const inventory = await ascend.create(box.context()).inventory()
    expect(inventory).toMatchObject({ tool: 'npu-smi', toolVersion: '25.0.rc1.1' })
    expect(inventory.status === 'ok' && inventory.units[1]).toMatchObject({
      key: DIE_1.replaceAll(' ', '-'),
      name: '910B4',
      kind: 'card',
      pciAddress: '0000:c2:00.0',
      memoryTotalBytes: 32768 * 1024 * 1024,
      driverVersion: '25.0.rc1.1',
      identities: [{ strength: 'strong' }, { strength: 'board', raw: '1020SERIAL1/0' }],
      offers: { utilization: true, processes: true },
    })
  })

  test('samples with one call, under the keys of the inventory', async () => {
    using box = new ToolBox()
    npuSmi(box)
    const probe = ascend.create(box.context())
    const inventory = await probe.inventory()
    const before = box.calls('npu-smi').length
    const sample = await probe.sample()
    expect(box.calls('npu-smi').slice(before)).toEqual(['info'])
    expect(sample.status === 'ok' && sample.readings.map(({ key }) => key)).toEqual(
      inventory.status === 'ok' && inventory.units.map(({ key }) => key),
    )
    expect(sample).toMatchObject({
      readings: [
        { utilization: { compute: 0 }, processes: { computeCount: 0, memoryUsedBytes: 0 } },
        {
          utilization: { compute: 0.87 },
          memoryUsedBytes: 28412 * 1024 * 1024,
          powerWatts: 140.1,
          processes: { computeCount: 1, memoryUsedBytes: 25600 * 1024 * 1024 },
        },
      ],
    })
  })

  test('two chips that share one bus address are two units', async () => {
    using box = new ToolBox()
    const duo = TABLE.replace('0000:C2:00.0', '0000:C1:00.0')
    npuSmi(box, duo)
    const inventory = await ascend.create(box.context()).inventory()
    expect(inventory.status === 'ok' && new Set(inventory.units.map(({ key }) => key)).size).toBe(2)
  })

  test('an answer about another card does not lend its id', async () => {
    using box = new ToolBox()
    box.answers('npu-smi', [
      { when: 'info', stdout: TABLE },
      { when: 'info -t board*', stdout: board(7, DIE_0) },
    ])
    const inventory = await ascend.create(box.context()).inventory()
    expect(inventory.status === 'ok' && inventory.units.map((unit) => unit.identities)).toEqual([
      [],
      [],
    ])
  })

  test.each([
    { word: 'Warning', health: { status: 'warning', cause: null, detail: 'Warning' } },
    { word: 'Alarm', health: { status: 'failed', cause: 'health', detail: 'Alarm' } },
    { word: 'Critical', health: { status: 'failed', cause: 'health', detail: 'Critical' } },
    { word: 'UNKNOWN', health: { status: 'unknown', cause: null, detail: 'UNKNOWN' } },
  ])('the health word $word', async ({ word, health }) => {
    using box = new ToolBox()
    npuSmi(box, TABLE.replace('| OK            | 93.6', `| ${word.padEnd(14)}| 93.6`))
    const sample = await ascend.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings[0]?.health).toEqual(health)
  })

  test.each([
    {
      name: 'no rights',
      stdout:
        'DrvMngGetConsoleLogLevel failed. (ret=4)\ndcmi module initialize failed. ret is -8005\n',
      code: 'permission_denied',
    },
    {
      name: 'no init',
      stdout: 'dcmi module initialize failed. ret is -8005\n',
      code: 'tool_failed',
    },
    { name: 'garbage', stdout: '\u0000\u0001 | + garbage', code: 'tool_failed' },
    {
      name: 'a table without headers',
      stdout: TABLE.split('\n').slice(6).join('\n'),
      code: 'tool_failed',
    },
  ])('$name is a failure, never an empty node', async ({ stdout, code }) => {
    using box = new ToolBox()
    box.answers('npu-smi', [{ when: '*', stdout, exitCode: 1 }])
    const probe = ascend.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })

  test('a log line before the table does no harm', async () => {
    using box = new ToolBox()
    npuSmi(box, `grep: warning: stray \\ before /\n${TABLE}`)
    expect(await ascend.create(box.context()).sample()).toMatchObject({ status: 'ok' })
  })

  test('vNPUs are slices whose shares add up; nothing of the chip counts as quiet then', async () => {
    using box = new ToolBox()
    box.answers('npu-smi', [
      { when: 'info', stdout: TABLE },
      { when: 'info -t board -i 0 -c 0', stdout: board(0, DIE_0) },
      { when: 'info -t info-vnpu -i 0 -c 0', stdout: fixture('ascend/910b4-vnpu__25.0__two.txt') },
    ])
    const probe = ascend.create(box.context())
    const inventory = await probe.inventory()
    const key = DIE_0.replaceAll(' ', '-')
    const units = inventory.status === 'ok' ? inventory.units : []
    expect(units.map((unit) => [unit.key, unit.kind, unit.sharePpm, unit.deviceFile])).toEqual([
      [key, 'card', 1_000_000, null],
      [`${key}/vnpu100`, 'slice', 500_000, '/dev/vdavinci100'],
      [`${key}/vnpu101`, 'slice', 250_000, '/dev/vdavinci101'],
      [`${key}/unsliced`, 'unsliced', 250_000, null],
      ['ascend:1/0/0000:c2:00.0', 'card', 1_000_000, null],
    ])
    expect(units.map(({ offers }) => offers.utilization)).toEqual([
      false,
      false,
      false,
      false,
      true,
    ])
    const sample = await probe.sample()
    const readings = sample.status === 'ok' ? sample.readings : []
    expect(readings.map((reading) => reading.key)).toEqual(units.map((unit) => unit.key))
    expect(readings[0]?.utilization.compute).toBeNull()
  })

  test('vNPUs whose cores are not told leave the chip split, and it is said', async () => {
    using box = new ToolBox()
    const text = fixture('ascend/910b4-vnpu__25.0__two.txt').replaceAll('vir', 'own')
    box.answers('npu-smi', [
      { when: 'info', stdout: TABLE },
      { when: 'info -t info-vnpu -i 0 -c 0', stdout: text },
    ])
    const inventory = await ascend.create(box.context()).inventory()
    expect(inventory).toMatchObject({ problems: [{ sentence: expect.stringContaining('vNPU') }] })
    expect(inventory.status === 'ok' && inventory.units[0]?.offers).toMatchObject({
      utilization: false,
      processes: true,
    })
  })

  test.each([
    {
      name: 'the nodes are numbered as the chips',
      nodes: [4, 5],
      files: ['/dev/davinci4', '/dev/davinci5'],
    },
    { name: 'one node more than chips', nodes: [4, 5, 6], files: [null, null] },
    { name: 'other numbers', nodes: [0, 1], files: [null, null] },
    { name: 'no nodes', nodes: [], files: [null, null] },
  ])('a chip has the node of its number: $name', async ({ nodes, files }) => {
    using box = new ToolBox()
    const mapping =
      '\tNPU ID    Chip ID    Chip Logic ID    Chip Name\n\t0         0          4                Ascend 910B4\n\t0         1          -                Mcu\n\t1         0          5                Ascend 910B4\n'
    box.answers('npu-smi', [
      { when: 'info', stdout: TABLE },
      { when: 'info -m', stdout: mapping },
    ])
    mkdirSync(join(box.folder, 'dev'))
    for (const node of nodes) writeFileSync(join(box.folder, `dev/davinci${node}`), '')
    const inventory = await ascend.create(box.context()).inventory()
    expect(inventory.status === 'ok' && inventory.units.map((unit) => unit.deviceFile)).toEqual(
      files,
    )
  })

  test('a vNPU that is made between two inventories is noticed by its device node', async () => {
    using box = new ToolBox()
    npuSmi(box)
    const probe = ascend.create(box.context())
    await probe.inventory()
    await probe.sample()
    const before = box.calls('npu-smi').length
    mkdirSync(join(box.folder, 'dev'))
    writeFileSync(join(box.folder, 'dev/vdavinci100'), '')
    await probe.sample()
    await probe.sample()
    expect(box.calls('npu-smi').slice(before)).toEqual([
      'info',
      'info -t info-vnpu -i 0 -c 0',
      'info -t info-vnpu -i 1 -c 0',
      'info',
    ])
  })

  test('a chip whose vNPUs are not told in time is not proven to be in one piece', async () => {
    using box = new ToolBox()
    npuSmi(box)
    const probe = ascend.create(hanging(box, 'info-vnpu'))
    const inventory = await probe.inventory()
    expect(inventory).toMatchObject({ status: 'ok', problems: [{}, {}] })
    expect(await probe.sample()).toMatchObject({
      readings: [
        { utilization: { compute: null }, processes: null },
        { utilization: { compute: null }, processes: null },
      ],
    })
  })

  test('fewer vNPUs listed than counted leave the chip split', async () => {
    using box = new ToolBox()
    const text = fixture('ascend/910b4-vnpu__25.0__two.txt').replace(/^.*\b101\b.*\n/m, '')
    box.answers('npu-smi', [
      { when: 'info', stdout: TABLE },
      { when: 'info -t info-vnpu -i 0 -c 0', stdout: text },
    ])
    expect(await ascend.create(box.context()).inventory()).toMatchObject({
      problems: [{ sentence: expect.stringContaining('vNPU') }],
    })
  })

  test('ids that are not told in time fail the inventory instead of changing the keys', async () => {
    using box = new ToolBox()
    npuSmi(box)
    const probe = ascend.create(hanging(box, 'board'))
    expect(await probe.inventory()).toMatchObject({ status: 'failed', code: 'tool_timeout' })
  })

  test('zeroed ids name no chip', async () => {
    using box = new ToolBox()
    box.answers('npu-smi', [
      { when: 'info', stdout: TABLE },
      { when: 'info -t board -i 0 -c 0', stdout: board(0, DIE_0.replaceAll(/\w/g, '0')) },
      { when: 'info -t board -i 0', stdout: cardBoard(0).replace('1020SERIAL0', '000000000000') },
    ])
    const inventory = await ascend.create(box.context()).inventory()
    expect(inventory.status === 'ok' && inventory.units[0]?.identities).toEqual([])
  })

  test('a sample before any inventory knows how a chip is cut', async () => {
    using box = new ToolBox()
    box.answers('npu-smi', [
      { when: 'info', stdout: TABLE },
      { when: 'info -t info-vnpu -i 0 -c 0', stdout: fixture('ascend/910b4-vnpu__25.0__two.txt') },
    ])
    const sample = await ascend.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings).toHaveLength(5)
  })

  test('without the tool the vendor is absent', async () => {
    using box = new ToolBox()
    expect(await ascend.create(box.context()).detect()).toEqual({ status: 'absent' })
  })
})
