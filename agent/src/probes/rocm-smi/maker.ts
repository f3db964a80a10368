/**
 * Whose cards an output of the rocm-smi family lists. AMD's `rocm-smi` and that of Hygon's DTK have
 * the same name and print the same phrases, and each is on machines of the other: an output that
 * names the other maker is refused, one that names none is decided by the PCI bus, so that no card
 * is counted by two probes.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { CardDevice } from '../card.ts'
import type { Answer } from '../card-vendor.ts'
import { readPciAccelerators } from '../pci.ts'
import { acceleratorRow } from '../pci-table.ts'
import type { RocmDevice, RocmMaker } from './devices.ts'

type Maker = Exclude<RocmMaker, null>

/** Of the keys and titles, of the makers' names in three spellings, and of the driver. */
const HYGON = /\b[HD]CU(?:%|\[| use| memory| Index| Node|\s+Temp)|\bHygon\b|Haiguang|\bC-3000\b/
const AMD = /Advanced Micro Devices|\bAMD Instinct\b|\bAMD-SMI\b|vendor(?:_id)?"?\s*:\s*"?0x1002\b/i
/** Of `--showid` and of public tables; the PCI table takes Hygon's by class, because they are few. */
const HYGON_DEVICE_IDS = new Set([
  '0x54b7',
  '0x55b7',
  '0x62b7',
  '0x6210',
  '0x6211',
  '0x6320',
  '0x6370',
  '0x6430',
])
const OTHER: Readonly<Record<Maker, Maker>> = { amd: 'hygon', hygon: 'amd' }
export const MAKER_NAMES: Readonly<Record<Maker, string>> = { amd: 'AMD', hygon: 'Hygon' }
/** Modules of Hygon's driver, the present name first. */
export const HYGON_MODULES = ['hycu', 'hydcu'] as const

/** `null` where the text names neither, or both. */
export function makerOf(text: string, devices: readonly RocmDevice[]): RocmMaker {
  const ids = devices.flatMap(({ pci_device_id: id }) => id?.toLowerCase() ?? [])
  const isHygon = HYGON.test(text) || ids.some((id) => HYGON_DEVICE_IDS.has(id))
  const isAmd = AMD.test(text) || ids.some(isAmdId)
  if (isHygon === isAmd) return null
  return isHygon ? 'hygon' : 'amd'
}

/** The answer, if its cards are this maker's; else a failure that says whose they are. */
export async function claimed<Device extends CardDevice>(
  answer: Answer<Device>,
  maker: Maker,
  rootPrefix: string,
): Promise<Answer<Device>> {
  if (answer.status === 'failed' || answer.output.facts?.maker === maker) return answer
  const bus = await readPciAccelerators(rootPrefix)
  const makerAt = new Map(bus?.map(({ address, vendor }) => [address, vendor]))
  const has = (vendor: Maker) => bus?.some((card) => card.vendor === vendor) === true
  const places = answer.output.devices.map(({ pci_bdf }) => makerAt.get(pci_bdf ?? ''))
  if (places.includes(maker)) return answer
  const isOthers = places.includes(OTHER[maker]) || has(OTHER[maker])
  const isOwn = has(maker) || (maker === 'hygon') === hasHygonDriver(rootPrefix)
  if (!isOthers && isOwn) return answer
  const sentence = `${answer.output.tool} does not say whose cards it lists, and this machine does not show that they are ${MAKER_NAMES[maker]}'s.`
  return { status: 'failed', code: 'tool_wrong_vendor', sentence }
}

export function hasHygonDriver(rootPrefix: string): boolean {
  return HYGON_MODULES.some((name) => existsSync(join(rootPrefix || '/', 'sys/module', name)))
}

function isAmdId(id: string): boolean {
  const deviceId = id.replace(/^0x/, '')
  return acceleratorRow({ vendorId: '1002', deviceId, classCode: '1200' }) !== null
}
