/** The ways through nvidia-smi, with fake tools that replay what real ones printed. */
import { delimiter } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { PackageWay } from '../../../../agent/src/probes/nvidia/node-nvidia-smi.ts'
import { NvidiaProbe } from '../../../../agent/src/probes/nvidia/probe.ts'
import { createRealWorld } from '../../../../shared/src/real-world.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'

const UUID = 'GPU-370465f5-30e0-6877-b85c-16729f41b90'
const row = (at: number, load = 0) =>
  `${at}, ${UUID}${at}, 00000000:0${at}:00.0, NVIDIA GeForce RTX 4090, 535.154.05, 24564, 300, ${load}, 0, 22.43, 450.00, 50`
const OPTIONAL = [0, 1].map((at) => `${UUID}${at}, [N/A], 0, 0, None`).join('\n')
/** Prints a round, and goes on printing it, as the real one does with -l. */
const LOOP = (rows: string) => `while :; do printf '%s\\n' "${rows}"; sleep 1; done`

const PATH_BEFORE = process.env.PATH
afterEach(() => {
  process.env.PATH = PATH_BEFORE
})

function smi(box: ToolBox, stream: string, apps = ''): void {
  box.script(
    'nvidia-smi',
    `echo "$*" >> '${box.folder}/nvidia-smi.calls'
case "$*" in
*--query-gpu=index*-l*) ${stream};;
*--query-gpu=index*) printf '%s\\n' "${row(0)}" "${row(1)}";;
*--query-compute-apps*) printf '%s' "${apps}";;
*remapped_rows*) echo 'Field "remapped_rows.pending" is not a valid field to query.'; exit 2;;
*--query-gpu=uuid*) printf '%s\\n' "${OPTIONAL}";;
*) exit 64;;
esac`,
  )
}

describe('the long-lived nvidia-smi', () => {
  test('gives samples from one child, with the processes of each card', async () => {
    using box = new ToolBox()
    smi(box, LOOP(`${row(0, 7)}\n${row(1)}`), `${UUID}0, 00000000:00:00.0, 42, a, b, 1024\n`)
    const probe = new NvidiaProbe(box.context())
    for (let at = 0; at < 3; at += 1) {
      const sample = await probe.sample()
      expect(sample).toMatchObject({ status: 'ok', tool: 'nvidia-smi' })
      expect(sample.status === 'ok' && sample.readings).toMatchObject([
        {
          key: `${UUID}0`,
          utilization: { compute: 0.07, memory_controller: 0 },
          memoryUsedBytes: 300 * 1024 * 1024,
          processes: { computeCount: 1, graphicsCount: null, memoryUsedBytes: 1024 ** 3 },
        },
        { key: `${UUID}1`, processes: { computeCount: 0, memoryUsedBytes: 0 } },
      ])
    }
    // Samples closer together than the child prints make it print more often: one restart.
    const streams = box.calls('nvidia-smi').filter((call) => call.includes('-l '))
    expect(streams.map((call) => call.split('-l ')[1])).toEqual(['5', '1'])
    await probe.release()
  })

  test('works with a tool that prints one round and ends', async () => {
    using box = new ToolBox()
    smi(box, `printf '%s\\n' "${row(0)}" "${row(1)}"`)
    const probe = new NvidiaProbe(box.context())
    for (let at = 0; at < 2; at += 1) {
      expect(await probe.sample()).toMatchObject({ readings: [{ key: `${UUID}0` }, {}] })
    }
  })

  test('works with a tool that refuses to go on printing', async () => {
    using box = new ToolBox()
    smi(box, 'exit 64')
    const sample = await new NvidiaProbe(box.context()).sample()
    expect(sample).toMatchObject({ tool: 'nvidia-smi', readings: [{ key: `${UUID}0` }, {}] })
  })

  test('rows are found by their header where the tool prints one', async () => {
    using box = new ToolBox()
    const header = 'uuid, index, memory.used [MiB], memory.total [MiB], utilization.gpu [%]'
    const cells = `${UUID}0, 0, 300 MiB, 24564 MiB, 9 %`
    box.answers('nvidia-smi', [
      { when: '*--query-gpu=index*', stdout: `${header}\n${cells}\n` },
      { when: '*--query-compute-apps*', stdout: 'pid, gpu_uuid\n' },
    ])
    expect(await new NvidiaProbe(box.context()).sample()).toMatchObject({
      readings: [
        {
          key: `${UUID}0`,
          utilization: { compute: 0.09 },
          memoryUsedBytes: 300 * 1024 * 1024,
          processes: { computeCount: 0 },
        },
      ],
    })
  })

  test('an unknown optional field does not fail the core, and is learnt once', async () => {
    using box = new ToolBox()
    smi(box, LOOP(row(0)))
    const probe = new NvidiaProbe(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'ok' })
    const asked = box.calls('nvidia-smi').filter((call) => call.includes('--query-gpu=uuid'))
    expect(await probe.sample()).toMatchObject({ status: 'ok' })
    expect(box.calls('nvidia-smi').filter((call) => call.includes('--query-gpu=uuid'))).toEqual(
      asked,
    )
    await probe.release()
  })

  test('a process list that cannot be had is unknown, not empty', async () => {
    using box = new ToolBox()
    smi(box, LOOP(row(0)), 'garbage, without, meaning\n')
    const probe = new NvidiaProbe(box.context())
    const sample = await probe.sample()
    expect(sample.status === 'ok' && sample.readings[0]?.processes).toBeNull()
    await probe.release()
  })

  test('of a card without an id the list of processes tells nothing', async () => {
    using box = new ToolBox()
    smi(box, LOOP(row(0).replace(`${UUID}0`, '[N/A]')))
    const probe = new NvidiaProbe(box.context())
    const sample = await probe.sample()
    expect(sample.status === 'ok' && sample.readings[0]?.processes).toBeNull()
    await probe.release()
  })

  test('a process of a card that cannot be told leaves every list unknown', async () => {
    using box = new ToolBox()
    smi(box, LOOP(`${row(0)}\n${row(1)}`), '[N/A], 00000000:00:00.0, 42, a, 1024\n')
    const probe = new NvidiaProbe(box.context())
    expect(await probe.sample()).toMatchObject({
      readings: [{ processes: null }, { processes: null }],
    })
    await probe.release()
  })

  test('a tool that prints garbage gives a failure and no reading', async () => {
    using box = new ToolBox()
    box.script('nvidia-smi', 'exec head -c 20000 /dev/urandom')
    expect(await new NvidiaProbe(box.context()).sample()).toMatchObject({ status: 'failed' })
  })

  test('a tool that vanishes between two samples gives a failure', async () => {
    using box = new ToolBox()
    smi(box, `printf '%s\\n' "${row(0)}"`)
    const probe = new NvidiaProbe(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'ok' })
    box.remove('nvidia-smi')
    expect(await probe.sample()).toMatchObject({ status: 'failed' })
  })

  test('the words of the tool become the sentence of the failure', async () => {
    using box = new ToolBox()
    box.answers('nvidia-smi', [
      {
        when: '*',
        stdout: 'Failed to initialize NVML: Driver/library version mismatch\n',
        exitCode: 18,
      },
    ])
    const probe = new NvidiaProbe(box.context())
    expect(await probe.sample()).toMatchObject({
      status: 'failed',
      code: 'tool_failed',
      sentence: expect.stringContaining('reboot the node'),
    })
    expect(await probe.detect()).toMatchObject({ status: 'broken' })
  })

  test('without library and tool the vendor is absent', async () => {
    using box = new ToolBox()
    const exec = { ...box.runner(), locate: () => null }
    expect(await new NvidiaProbe(box.context({ exec })).detect()).toEqual({ status: 'absent' })
  })
})

describe('the XML', () => {
  const mig = fixture('nvidia/a100-mig4__535__idle.txt')
  const list = `GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-513536b6-7d19-9063-b049-1e69664bb298)
${[0, 1, 2, 3].map((at) => `  MIG 1g.20gb     Device  ${at}: (UUID: MIG-00000000-1111-2222-3333-00000000000${at})`).join('\n')}
`

  test('slices get their UUIDs from the list and their memory from the XML', async () => {
    using box = new ToolBox()
    box.answers('nvidia-smi', [
      { when: '-L', stdout: list },
      { when: '*-q*-x*', stdout: mig },
    ])
    const probe = new NvidiaProbe(box.context())
    const inventory = await probe.inventory()
    const units = inventory.status === 'ok' ? inventory.units : []
    expect(units.map(({ kind, sharePpm }) => [kind, sharePpm])).toEqual([
      ['card', 1_000_000],
      ['slice', 142_857],
      ['slice', 142_857],
      ['slice', 142_857],
      ['slice', 142_857],
      ['unsliced', 428_572],
    ])
    expect(units[1]).toMatchObject({
      key: 'MIG-00000000-1111-2222-3333-000000000000',
      name: 'NVIDIA A100-SXM4-80GB MIG 1g.20gb',
      memoryTotalBytes: 19968 * 1024 * 1024,
      offers: { utilization: false },
    })
    const sample = await probe.sample()
    expect(sample).toMatchObject({ status: 'ok', tool: 'node-nvidia-smi' })
    expect(sample.status === 'ok' && sample.readings.map((reading) => reading.key)).toEqual(
      units.map((unit) => unit.key),
    )
    // The stream has no slices and is not started on such a node.
    expect(box.calls('nvidia-smi').some((call) => call.includes('-l '))).toBe(false)
  })

  test('slices whose size nobody tells are a problem of the card, not guessed', async () => {
    using box = new ToolBox()
    box.answers('nvidia-smi', [
      { when: '-L', exitCode: 1 },
      { when: '*-q*-x*', stdout: mig },
    ])
    const inventory = await new NvidiaProbe(box.context()).inventory()
    expect(inventory).toMatchObject({
      units: [{ kind: 'card', offers: { utilization: false } }],
      problems: [{ code: 'tool_output_unreadable', pciAddress: '0000:01:00.0' }],
    })
  })
})

describe('processes that the query cannot tell', () => {
  test('are asked of the XML, from then on alone', async () => {
    using box = new ToolBox()
    box.answers('nvidia-smi', [
      { when: '*--query-gpu=index*', stdout: `${row(0)}\n` },
      { when: '*--query-compute-apps*', exitCode: 2 },
      { when: '-L', stdout: '' },
      { when: '-q -x', stdout: fixture('nvidia/p100-x2__510__idle.txt') },
    ])
    const probe = new NvidiaProbe(box.context())
    const none = { processes: { computeCount: 0, graphicsCount: 0 } }
    expect(await probe.sample()).toMatchObject({ tool: 'node-nvidia-smi', readings: [none, none] })
    const before = box.calls('nvidia-smi').length
    expect(await probe.sample()).toMatchObject({ tool: 'node-nvidia-smi' })
    expect(box.calls('nvidia-smi').slice(before)).toEqual(['-L', '-q -x'])
  })
})

describe('the package node-nvidia-smi', () => {
  test.each([
    { name: 'one card', file: 'nvidia/a100-mig4__535__idle.txt', cards: 1 },
    { name: 'several cards', file: 'nvidia/p100-x2__510__idle.txt', cards: 2 },
  ])('$name: an object and an array are read alike', async ({ file, cards }) => {
    using box = new ToolBox()
    box.answers('nvidia-smi', [
      { when: '-L', stdout: '' },
      { when: '-q -x', stdout: fixture(file) },
    ])
    process.env.PATH = `${box.toolPath}${delimiter}${PATH_BEFORE}`
    const way = new PackageWay({
      exec: box.runner(),
      clock: createRealWorld().clock,
      usePackage: true,
    })
    const reading = await way.inventory()
    expect(reading.status === 'ok' && reading.devices).toHaveLength(cards)
    // Once by the package itself; our own call of the same command was not needed.
    expect(box.calls('nvidia-smi').filter((call) => call === '-q -x')).toHaveLength(1)
  })

  test('a tool that does not come back is not handed to the package', async () => {
    using box = new ToolBox()
    box.script('nvidia-smi', `echo "$*" >> '${box.folder}/nvidia-smi.calls'; exec sleep 1000`)
    const way = new PackageWay({
      exec: box.runner(),
      clock: createRealWorld().clock,
      usePackage: true,
      deadlineMs: 300,
    })
    expect(await way.sample()).toMatchObject({ status: 'failed', code: 'tool_timeout' })
    expect(way.isHung).toBe(false)
    expect(box.calls('nvidia-smi')).toEqual(['-L'])
  })
})
