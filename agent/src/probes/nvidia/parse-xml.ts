/**
 * `nvidia-smi -q -x`, drivers 418 to 595. Also takes the object node-nvidia-smi makes of it: both
 * come from xml2js with `explicitArray: false`, where one element is an object and several are an
 * array, so every list is normalised here. A text without its closing tag is discarded whole.
 */
import { unreadable } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readXmlProcesses } from '../formats/smi-xml.ts'
import { readCount, readQuantity, readWord } from '../formats/text.ts'
import {
  attributeOf,
  childOf,
  childrenOf,
  isUnreadableXml,
  readXml,
  rootOf,
  textAt,
  type XmlNode,
} from '../formats/xml.ts'
import {
  type NvidiaDevice,
  type NvidiaOutput,
  type NvidiaReading,
  type NvidiaSlice,
  nvidiaOutput,
} from './devices.ts'
import { deviceFromFields, type Lookup, XML_PATHS } from './fields.ts'

const ROOT = 'nvidia_smi_log'

/** `null` for a text that is no XML. */
export function parseNvidiaXml(text: string): NvidiaReading | null {
  if (!/<nvidia_smi_log\b|^\s*<\?xml\b/.test(text)) return null
  const root = readXml(text, ROOT)
  if (isUnreadableXml(root)) return unreadable(root.unreadable)
  const reading = readLog(root)
  const dtd = /<!DOCTYPE\s+nvidia_smi_log\s+SYSTEM\s+"([^"]+?)(?:\.dtd)?"/.exec(text)?.[1] ?? null
  return { ...reading, facts: { ...reading.facts, dtd: isVersionedDtd(dtd) ? dtd : null } }
}

/** The same from an object that xml2js (or node-nvidia-smi) made. */
export function readNvidiaLog(data: unknown): NvidiaReading {
  const root = rootOf(data, ROOT)
  return isUnreadableXml(root) ? unreadable(root.unreadable) : readLog(root)
}

function readLog(log: XmlNode): NvidiaOutput {
  const driverVersion = readWord(textAt(log, 'driver_version'))
  return nvidiaOutput(childrenOf(log, 'gpu').map(readGpu), driverVersion, {
    attached_gpus_field: readCount(textAt(log, 'attached_gpus')),
  })
}

/** 418 names a DTD without a version of its own. */
function isVersionedDtd(dtd: string | null): boolean {
  return dtd !== null && /_v\d+$/.test(dtd)
}

function readGpu(gpu: XmlNode, index: number): NvidiaDevice {
  const lookup = lookupIn(gpu)
  const device = deviceFromFields({ index, paths: XML_PATHS, lookup, unitsOptional: false })
  const id = attributeOf(gpu, 'id')
  const slices = childrenAt(gpu, 'mig_devices', 'mig_device').map(readSlice)
  const pci = id ?? device.pci
  return {
    ...device,
    pci,
    pci_bdf: normalisePciAddress(pci),
    // The XML says `N/A` for a card that knows no MIG; drivers before 450 have no such tag.
    mig_enabled: lookup('mig_mode/current_mig') === 'N/A' ? false : (device.mig_enabled ?? null),
    processes: readXmlProcesses(gpu, /^$/),
    lists_graphics: true,
    ...(slices.length > 0 ? { mig_devices: slices } : {}),
  }
}

function readSlice(slice: XmlNode): NvidiaSlice {
  const lookup = lookupIn(slice)
  return {
    index: readCount(lookup('index')),
    gi: readCount(lookup('gpu_instance_id')),
    ci: readCount(lookup('compute_instance_id')),
    sm_count: readCount(lookup('device_attributes/shared/multiprocessor_count')),
    memory_total_mib: readQuantity(lookup('fb_memory_usage/total'), 'MiB'),
    memory_used_mib: readQuantity(lookup('fb_memory_usage/used'), 'MiB'),
  }
}

function childrenAt(node: XmlNode, outer: string, inner: string): XmlNode[] {
  const parent = childOf(node, outer)
  return parent === undefined ? [] : childrenOf(parent, inner)
}

function lookupIn(node: XmlNode): Lookup {
  return (path) => textAt(node, path)
}
