/** sysfs as folders: what is an accelerator, whose, and what stands beside what the tools say. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type PciVerdict,
  readPciAccelerators,
  reconcilePci,
  type VendorView,
} from '../../../agent/src/probes/pci.ts'
import type { PciAccelerator } from '../../../agent/src/probes/probe.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'yiben-sysfs-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

interface Fn {
  readonly vendor: string
  readonly device: string
  readonly class: string
  readonly driver?: string
  readonly isVirtual?: boolean
}

function plug(address: string, fn: Fn): void {
  const folder = join(root, 'sys/bus/pci/devices', address)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'vendor'), `0x${fn.vendor}\n`)
  writeFileSync(join(folder, 'device'), `0x${fn.device}\n`)
  writeFileSync(join(folder, 'class'), `0x${fn.class}\n`)
  if (fn.driver !== undefined) symlinkSync(`../../drivers/${fn.driver}`, join(folder, 'driver'))
  if (fn.isVirtual === true) symlinkSync('../0000:00:00.0', join(folder, 'physfn'))
}

describe('which functions are accelerators', () => {
  test.each([
    { name: 'an H800', fn: ['10de', '2324', '030200'], found: ['nvidia', 'H800'] },
    { name: 'a GeForce nobody listed', fn: ['10de', 'beef', '030000'], found: ['nvidia', null] },
    { name: 'the audio of a GeForce', fn: ['10de', '10f0', '040300'], found: null },
    { name: 'an NVSwitch', fn: ['10de', '22a3', '068000'], found: null },
    { name: 'a 910B', fn: ['19e5', 'd802', '120000'], found: ['ascend', 'Ascend 910B'] },
    { name: 'an Ascend nobody listed', fn: ['19e5', 'dfff', '120000'], found: ['ascend', null] },
    { name: 'the management graphics of Huawei', fn: ['19e5', '1711', '030000'], found: null },
    { name: 'a Huawei network card', fn: ['19e5', '0222', '020000'], found: null },
    { name: 'a Hygon DCU', fn: ['1d94', '6211', '0b4000'], found: ['hygon', 'K100_AI'] },
    { name: 'a bridge of a Hygon CPU', fn: ['1d94', '1450', '060000'], found: null },
    { name: 'a Biren card', fn: ['1ee0', '0001', '120000'], found: ['biren', null] },
    { name: 'integrated graphics of Intel', fn: ['8086', '3e92', '030000'], found: null },
    { name: 'a Max 1550', fn: ['8086', '0bd5', '038000'], found: ['intel', 'Max 1550'] },
    { name: 'a desktop Radeon', fn: ['1002', '73bf', '030000'], found: null },
    { name: 'an MI308X', fn: ['1002', '74a2', '120000'], found: ['amd', 'MI308X'] },
    { name: 'a P800', fn: ['1d22', '3688', '078000'], found: ['kunlunxin', 'P800 OAM'] },
    { name: 'storage of the same maker', fn: ['1d22', '1380', '010802'], found: null },
    { name: 'Zhaoxin graphics', fn: ['1d17', '3a04', '030000'], found: null },
  ])('$name', async ({ fn: [vendor = '', device = '', classCode = ''], found }) => {
    plug('0000:0c:00.0', { vendor, device, class: classCode })
    const accelerators = await readPciAccelerators(root)
    expect(accelerators?.map((card) => [card.vendor, card.model])).toEqual(
      found === null ? [] : [found],
    )
  })

  test('the driver, a virtual function and a long domain are read', async () => {
    plug('10000:0c:00.0', { vendor: '10de', device: '2324', class: '030200', driver: 'nvidia' })
    plug('0000:0D:00.4', { vendor: '10de', device: '2324', class: '030200', isVirtual: true })
    expect(await readPciAccelerators(root)).toEqual([
      expect.objectContaining({ address: '0000:0d:00.4', driver: null, isVirtualFunction: true }),
      expect.objectContaining({
        address: '10000:0c:00.0',
        driver: 'nvidia',
        isVirtualFunction: false,
      }),
    ])
  })

  test('without sysfs nothing is known, which is not "none"', async () => {
    expect(await readPciAccelerators(join(root, 'nowhere'))).toBeNull()
  })
})

const CARD: PciAccelerator = {
  address: '0000:0c:00.0',
  vendor: 'nvidia',
  model: 'H800',
  vendorId: '10de',
  deviceId: '2324',
  driver: 'nvidia',
  isVirtualFunction: false,
}
const VIEW: VendorView = {
  vendor: 'nvidia',
  isReadable: true,
  units: [{ key: 'GPU-1', pciAddress: '0000:0c:00.0' }],
  problemAddresses: [],
}

describe('the bus beside what the tools say', () => {
  test.each<{
    name: string
    card?: Partial<PciAccelerator>
    view?: Partial<VendorView> | null
    verdict: PciVerdict
  }>([
    { name: 'read by its tool', verdict: 'read' },
    { name: 'no driver', card: { driver: null }, view: null, verdict: 'no_driver' },
    {
      name: 'nouveau leaves it unused',
      card: { driver: 'nouveau' },
      view: null,
      verdict: 'no_driver',
    },
    { name: 'driver but no tool', view: null, verdict: 'no_tool' },
    { name: 'vfio', card: { driver: 'vfio-pci' }, view: null, verdict: 'passthrough' },
    {
      name: 'vfio beside cards that are read',
      card: { driver: 'vfio-pci' },
      view: { units: [] },
      verdict: 'passthrough',
    },
    { name: 'not among those the tool lists', view: { units: [] }, verdict: 'unread' },
    { name: 'the tool fails', view: { isReadable: false }, verdict: 'unread' },
    { name: 'named as lost', view: { problemAddresses: ['0000:0c:00.0'] }, verdict: 'lost' },
  ])('$name: $verdict', ({ card = {}, view = {}, verdict }) => {
    const { findings } = reconcilePci({
      accelerators: [{ ...CARD, ...card }],
      views: view === null ? [] : [{ ...VIEW, ...view }],
      addressesSeen: new Set(),
    })
    expect(findings.map((finding) => finding.verdict)).toEqual([verdict])
  })

  test('a unit whose address has left the bus is lost; one that was never on it is not', () => {
    const question = { accelerators: [], views: [VIEW] }
    const seen = new Set(['0000:0c:00.0'])
    expect(reconcilePci({ ...question, addressesSeen: seen }).vanishedUnitKeys).toEqual(['GPU-1'])
    expect(reconcilePci({ ...question, addressesSeen: new Set() }).vanishedUnitKeys).toEqual([])
  })

  test('a virtual function counts only where a tool lists it as the card', () => {
    const vf = { ...CARD, isVirtualFunction: true }
    const on = reconcilePci({ accelerators: [vf], views: [VIEW], addressesSeen: new Set() })
    expect(on.findings).toHaveLength(1)
    const host = reconcilePci({ accelerators: [vf], views: [], addressesSeen: new Set() })
    expect([host.findings.length, host.virtualFunctions.length]).toEqual([0, 1])
  })
})
