/** ixsmi as a probe: ids of dies and boards, a dead die, and versions that answer by table only. */
import { describe, expect, test } from 'vitest'
import { iluvatar } from '../../../../agent/src/probes/iluvatar/vendor.ts'
import { fixture } from '../../../support/captures.ts'
import { ToolBox } from '../../../support/fake-tool.ts'
import { plugCard } from '../../../support/plug-card.ts'

const UUIDS = [
  'GPU-1ac807aa-0000-5579-8591-000000000001',
  'GPU-1ac807aa-0000-5579-8591-000000000002',
]
const SERIAL = '23490000000001'
/** The fixture has its ids masked; both dies of its board bear one serial. */
const LOG = fixture('iluvatar/bi-v150-x2__4.3__load.txt')
  .replace('GPU-00000000-0000-0000-0000-000000000000', UUIDS[0] ?? '')
  .replace('GPU-00000000-0000-0000-0000-000000000000', UUIDS[1] ?? '')
  .replaceAll('<serial>00000000000000', `<serial>${SERIAL}`)
const TABLE = fixture('iluvatar/mr-v100-x2__4.4__load.txt')
const LIST = UUIDS.map((uuid, at) => `GPU ${at}: Iluvatar MR-V100 (UUID: ${uuid})\n`).join('')

function answersLog(box: ToolBox, log = LOG): void {
  box.answers('ixsmi', [{ when: '-q -x', stdout: log }])
}

/** A version that knows the table and the list alone. */
function answersTable(box: ToolBox): void {
  box.answers('ixsmi', [
    { when: '-q -x', stdout: 'ERROR: unknown option -x\n', exitCode: 2 },
    { when: '-L', stdout: LIST },
    { when: "''", stdout: TABLE },
  ])
}

describe('ixsmi', () => {
  test('names dies by their UUID; the serial is that of the board', async () => {
    using box = new ToolBox()
    answersLog(box)
    const inventory = await iluvatar.create(box.context()).inventory()
    expect(inventory).toMatchObject({ status: 'ok', tool: 'ixsmi', toolVersion: '4.3.0' })
    expect(inventory.status === 'ok' && inventory.units).toMatchObject(
      UUIDS.map((uuid, at) => ({
        key: uuid,
        name: 'Iluvatar BI-V150',
        deviceFile: `/dev/iluvatar${at}`,
        memoryTotalBytes: 32768 * 1024 * 1024,
        powerCapWatts: 175,
        driverVersion: '4.3.0',
        identities: [{ strength: 'strong', raw: uuid }],
        offers: { utilization: true, memory: true, processes: true, health: true, power: true },
      })),
    )
  })

  test.each([
    {
      name: 'a card of one die',
      edit: (log: string) => log.replaceAll('<multigpu_board>Yes', '<multigpu_board>No'),
      one: true,
      raw: SERIAL,
    },
    { name: 'one die of a board whose other one is not given to this container', one: true },
    {
      name: 'a die that tells its place on the board',
      edit: (log: string) => log.replace('<board_id>', '<gpu_position>1</gpu_position><board_id>'),
      raw: `${SERIAL}/1`,
    },
  ])('$name is known by the serial only as far as it names it', async ({ edit, one, raw }) => {
    using box = new ToolBox()
    const log = edit?.(LOG) ?? LOG
    const second = log.indexOf('        <gpu id', log.indexOf('<gpu id') + 1)
    answersLog(box, one === true ? `${log.slice(0, second)}</ixsmi_log>\n` : log)
    const inventory = await iluvatar.create(box.context()).inventory()
    expect(inventory.status === 'ok' && inventory.units[0]?.identities.slice(1)).toEqual(
      raw === undefined ? [] : [{ strength: 'board', raw }],
    )
  })

  test('samples with one call, each die with its own power', async () => {
    using box = new ToolBox()
    answersLog(box)
    const probe = iluvatar.create(box.context())
    await probe.inventory()
    const before = box.calls('ixsmi').length
    const sample = await probe.sample()
    expect(box.calls('ixsmi').slice(before)).toEqual(['-q -x'])
    expect(sample).toMatchObject({
      readings: [
        {
          key: UUIDS[0],
          utilization: { compute: 0.91, encoder: 0, decoder: 0 },
          memoryUsedBytes: 27012 * 1024 * 1024,
          powerWatts: 137,
          temperatureCelsius: 68,
          health: { status: 'ok' },
          processes: { computeCount: 1, memoryUsedBytes: 26940 * 1024 * 1024 },
        },
        {
          key: UUIDS[1],
          utilization: { compute: 0 },
          powerWatts: 52,
          health: { status: 'failed', cause: 'ecc', detail: '2 double-bit errors' },
          processes: { computeCount: 0, memoryUsedBytes: 0 },
        },
      ],
      problems: [],
    })
    // The fill of the memory is no engine: 82 % of it at rest would be a busy card.
    expect(JSON.stringify(sample)).not.toContain('memory_controller')
  })

  test('a dead die is faulty and gives no figure of load, power or heat', async () => {
    using box = new ToolBox()
    answersLog(box, LOG.replace('137 W', '65535 W').replace('68 C', '0 C').replace('91 %', '100 %'))
    const sample = await iluvatar.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings[0]).toMatchObject({
      utilization: { compute: null },
      powerWatts: null,
      temperatureCelsius: null,
      health: { status: 'failed', cause: 'health' },
    })
    expect(sample.status === 'ok' && sample.readings[1]?.powerWatts).toBe(52)
  })

  test.each([
    { mode: 'None', isSplit: false },
    { mode: 'Pass-Through', isSplit: false },
    { mode: 'Host VGPU', isSplit: true },
  ])('in the mode $mode it is shared out: $isSplit', async ({ mode, isSplit }) => {
    using box = new ToolBox()
    answersLog(box, LOG.replaceAll('<virtualization_mode>None', `<virtualization_mode>${mode}`))
    const sample = await iluvatar.create(box.context()).sample()
    expect(sample.status === 'ok' && sample.readings[1]?.processes === null).toBe(isSplit)
    expect(sample.status === 'ok' && sample.problems.length > 0).toBe(isSplit)
  })

  test('a version without the log is read by its table, under the ids of the list', async () => {
    using box = new ToolBox()
    answersTable(box)
    const probe = iluvatar.create(box.context())
    const inventory = await probe.inventory()
    const sample = await probe.sample()
    expect(inventory.status === 'ok' && inventory.units.map(({ key }) => key)).toEqual(UUIDS)
    expect(sample).toMatchObject({
      readings: [
        { key: UUIDS[0], utilization: { compute: 0.88 }, processes: { computeCount: 1 } },
        { key: UUIDS[1], utilization: { compute: 0 }, health: { status: 'unknown' } },
      ],
    })
  })

  test('finds its libraries beside the tool and where CoreX puts them', async () => {
    using box = new ToolBox()
    box.script('ixsmi', `printf %s "$LD_LIBRARY_PATH" > '${box.folder}/path'; exit 1`)
    await iluvatar.create(box.context()).sample()
    expect(box.note('path').split(':')).toEqual([
      '$ORIGIN/../lib64',
      '$ORIGIN/../lib',
      '/usr/local/corex/lib64',
      '/usr/local/corex/lib',
    ])
  })

  test.each([
    { name: 'no device', stdout: 'No devices were found\n', code: 'tool_failed' },
    {
      name: 'no library',
      stderr:
        'ixsmi: error while loading shared libraries: libixml.so: cannot open shared object file: No such file or directory',
      code: 'library_missing',
    },
    {
      name: 'no driver',
      stdout: 'Failed to initialize IXML: Driver Not Loaded\n',
      code: 'tool_failed',
    },
    {
      name: 'no rights',
      stdout: 'Failed to initialize IXML: Insufficient Permissions\n',
      code: 'permission_denied',
    },
    { name: 'a log that was cut', stdout: LOG.slice(0, -20), code: 'tool_failed' },
    {
      name: 'a tool of another maker',
      stdout: LOG.replaceAll('ixsmi_log', 'nvidia_smi_log'),
      code: 'tool_wrong_vendor',
    },
  ])('$name is a failure, never an empty node', async ({ stdout = '', stderr = '', code }) => {
    using box = new ToolBox()
    box.answers('ixsmi-answer', [{ when: '*', stdout, exitCode: 1 }])
    box.script('ixsmi', `echo '${stderr}' >&2\nexec '${box.toolPath}/ixsmi-answer' "$@"`)
    const probe = iluvatar.create(box.context())
    expect(await probe.sample()).toMatchObject({ status: 'failed', code })
    const ids = ['1e3e', '0003', '120000'] as const
    plugCard(box.folder, { address: '0000:13:00.0', ids, driver: 'iluvatar' })
    expect(await probe.detect()).toMatchObject({ status: 'broken', code })
  })

  test('on a bus without a card of the maker its tool is of no account', async () => {
    using box = new ToolBox()
    box.answers('ixsmi', [{ when: '*', stdout: 'No devices were found\n', exitCode: 1 }])
    const ids = ['10de', '2335', '030200'] as const
    plugCard(box.folder, { address: '0000:3d:00.0', ids, driver: 'nvidia' })
    expect(await iluvatar.create(box.context()).detect()).toEqual({ status: 'absent' })
  })
})
