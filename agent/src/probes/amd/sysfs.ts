/**
 * Cards of AMD out of the files of the amdgpu driver, without any tool: utilization, memory, power,
 * temperature, ids and error counters, for a fraction of what one start of a Python tool costs. The
 * processor's own graphics and desktop cards show the same files and are told apart by the table of
 * PCI ids.
 */
import { sparseCard } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readId } from '../formats/printed-id.ts'
import { readCount, readNumber, readWord } from '../formats/text.ts'
import { acceleratorRow } from '../pci-table.ts'
import { BYTES_PER_MIB } from '../readings.ts'
import type { AmdDevice } from './devices.ts'
import type { KernelFolder } from './kernel-files.ts'

const VENDOR_ID = '1002'
const CARD = /^card\d{1,4}$/
/** A processing accelerator is none of a desktop, whether the table knows its id or not. */
const ACCELERATOR_CLASS = '1200'
const MICROWATTS_PER_WATT = 1_000_000
const MILLIDEGREES_PER_DEGREE = 1_000
/** Sensors of one card: edge, junction, memory. */
const SENSORS = [1, 2, 3] as const

/** In the order of their addresses. Empty where there is none, or no such driver. */
export async function readSysfsCards(folder: KernelFolder): Promise<AmdDevice[]> {
  const names = (await folder.names('sys/class/drm')) ?? []
  const devices: AmdDevice[] = []
  for (const name of names.filter((entry) => CARD.test(entry))) {
    const device = await readCard(folder, `sys/class/drm/${name}/device`)
    if (device !== null) devices.push(device)
  }
  devices.sort((one, other) => ((one.pci_bdf ?? '') < (other.pci_bdf ?? '') ? -1 : 1))
  return devices.map((device, index) => ({ ...device, index }))
}

/** A function of the bus that is a display of AMD; `false` too where the bus does not show it. */
export async function isDisplay(folder: KernelFolder, address: string | null): Promise<boolean> {
  if (address === null) return false
  const path = `sys/bus/pci/devices/${address}`
  const [deviceId, classCode] = [
    hexOf(await folder.text(`${path}/device`)),
    hexOf(await folder.text(`${path}/class`)),
  ]
  return deviceId !== null && classCode !== null && !isAccelerator(deviceId, classCode.slice(0, 4))
}

function isAccelerator(deviceId: string, classCode: string): boolean {
  return (
    classCode === ACCELERATOR_CLASS ||
    acceleratorRow({ vendorId: VENDOR_ID, deviceId, classCode }) !== null
  )
}

/** The second and further partitions of a cut card have no such folder: they are no PCI devices. */
async function readCard(folder: KernelFolder, path: string): Promise<AmdDevice | null> {
  const text = (file: string) => folder.text(`${path}/${file}`)
  const deviceId = hexOf(await text('device'))
  const classCode = hexOf(await text('class'))?.slice(0, 4) ?? ''
  if (hexOf(await text('vendor')) !== VENDOR_ID || deviceId === null) return null
  if (!isAccelerator(deviceId, classCode)) return null
  const address = normalisePciAddress(addressIn(await text('uevent')))
  const row = acceleratorRow({ vendorId: VENDOR_ID, deviceId, classCode })
  return {
    ...sparseCard(0),
    name: readWord(await text('product_name')) ?? modelName(row?.models[deviceId]),
    serial: readId(await text('serial_number')),
    pci: address,
    pci_bdf: address,
    memory_total_mib: mebibytes(await text('mem_info_vram_total')),
    memory_used_mib: mebibytes(await text('mem_info_vram_used')),
    utilization_pct: readNumber(await folder.ask(`${path}/gpu_busy_percent`)),
    pci_id: `${VENDOR_ID}:${deviceId}`,
    asic_serial: readId(await text('unique_id')),
    compute_partition: readWord(await folder.ask(`${path}/current_compute_partition`)),
    memory_partition: readWord(await folder.ask(`${path}/current_memory_partition`)),
    ecc_uncorrected: await readErrors(folder, `${path}/ras`),
    ...(await readMonitor(folder, `${path}/hwmon`)),
    ...functionsOf(await text('sriov_numvfs')),
  }
}

function modelName(model: string | undefined): string | null {
  return model === undefined ? null : `AMD ${model}`
}

/** `PCI_SLOT_NAME=0000:83:00.0`, among other lines. */
function addressIn(text: string | null): string | null {
  return /^PCI_SLOT_NAME=(\S+)$/m.exec(text ?? '')?.[1] ?? null
}

function hexOf(text: string | null): string | null {
  return /^0x([0-9a-f]{4,8})$/i.exec(text ?? '')?.[1]?.toLowerCase() ?? null
}

function mebibytes(text: string | null): number | null {
  const bytes = readCount(text)
  return bytes === null ? null : bytes / BYTES_PER_MIB
}

function functionsOf(text: string | null): Pick<AmdDevice, 'virtual_functions'> {
  const count = readCount(text)
  return count === null ? {} : { virtual_functions: count }
}

/** Power and temperature, in the units of hwmon: microwatts and thousandths of a degree. */
async function readMonitor(
  folder: KernelFolder,
  path: string,
): Promise<Pick<AmdDevice, 'power_w' | 'power_cap_w' | 'temperature_c'>> {
  const [name] = ((await folder.names(path)) ?? []).filter((entry) => /^hwmon\d+$/.test(entry))
  if (name === undefined) return { power_w: null, temperature_c: null }
  const number = async (file: string) => readNumber(await folder.ask(`${path}/${name}/${file}`))
  const sensor = await sensorOf(folder, `${path}/${name}`)
  const power = (await number('power1_average')) ?? (await number('power1_input'))
  const cap = await number('power1_cap')
  const degrees = await number(`temp${sensor}_input`)
  return {
    // The second die of an MI250 has no meter of its own and shows 0: the first one's is of both.
    power_w: power === null || power === 0 ? null : power / MICROWATTS_PER_WATT,
    ...(cap === null || cap === 0 ? {} : { power_cap_w: cap / MICROWATTS_PER_WATT }),
    temperature_c: degrees === null ? null : degrees / MILLIDEGREES_PER_DEGREE,
  }
}

/** That of the edge, else of the junction (MI300); older drivers name none, and mean the edge. */
async function sensorOf(folder: KernelFolder, path: string): Promise<number> {
  const labels: (string | null)[] = []
  for (const sensor of SENSORS) labels.push(await folder.text(`${path}/temp${sensor}_label`))
  const at = Math.max(
    0,
    labels.includes('edge') ? labels.indexOf('edge') : labels.indexOf('junction'),
  )
  return SENSORS[at] ?? SENSORS[0]
}

/** Uncorrected errors of all blocks since the driver was loaded; `null` where none is counted. */
async function readErrors(folder: KernelFolder, path: string): Promise<number | null> {
  const files = ((await folder.names(path)) ?? []).filter((name) => /_err_count$/.test(name))
  let errors: number | null = null
  for (const file of files) {
    const [, count] = /^ue:\s*(\d{1,15})$/m.exec((await folder.ask(`${path}/${file}`)) ?? '') ?? []
    if (count !== undefined) errors = (errors ?? 0) + Number(count)
  }
  return errors
}
