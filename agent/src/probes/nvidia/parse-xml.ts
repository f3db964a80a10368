/**
 * `nvidia-smi -q -x`, drivers 418 to 595. Also takes the object node-nvidia-smi makes of it: both
 * come from xml2js with `explicitArray: false`, where one element is an object and several are an
 * array, so every list is normalised here. A text without its closing tag is discarded whole.
 */
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readQuantity, readWord } from '../text.ts'
import {
  attributeOf,
  childOf,
  childrenOf,
  isUnreadableXml,
  readXml,
  rootOf,
  textAt,
  type XmlNode,
} from '../xml.ts'
import type {
  NvidiaDevice,
  NvidiaOutput,
  NvidiaProcess,
  NvidiaReading,
  NvidiaSlice,
} from './devices.ts'
import { deviceFromFields, type Lookup, XML_PATHS } from './fields.ts'

const ROOT = 'nvidia_smi_log'

export function parseNvidiaXml(text: string): NvidiaReading {
  const root = readXml(text, ROOT)
  if (isUnreadableXml(root)) return root
  const reading = readLog(root)
  const dtd = /<!DOCTYPE\s+nvidia_smi_log\s+SYSTEM\s+"([^"]+?)(?:\.dtd)?"/.exec(text)?.[1] ?? null
  return { ...reading, facts: { ...reading.facts, dtd: isVersionedDtd(dtd) ? dtd : null } }
}

/** The same from an object that xml2js (or node-nvidia-smi) made. */
export function readNvidiaLog(data: unknown): NvidiaReading {
  const root = rootOf(data, ROOT)
  return isUnreadableXml(root) ? root : readLog(root)
}

function readLog(log: XmlNode): NvidiaOutput {
  const driverVersion = readWord(textAt(log, 'driver_version'))
  return {
    format: 'xml',
    toolVersion: driverVersion,
    driverVersion,
    devices: childrenOf(log, 'gpu').map(readGpu),
    facts: { attached_gpus_field: readCount(textAt(log, 'attached_gpus')) },
  }
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
    processes: readProcesses(gpu),
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

/** No `<processes>` tells nothing; an empty one says there are none; `N/A` tells nothing. */
function readProcesses(gpu: XmlNode): NvidiaProcess[] | null {
  const processes = childOf(gpu, 'processes')
  if (processes === undefined) return null
  if (typeof processes === 'string') return processes.trim() === '' ? [] : null
  return childrenAt(gpu, 'processes', 'process_info').map((entry) => {
    const lookup = lookupIn(entry)
    const type = readWord(lookup('type'))
    const gi = readCount(lookup('gpu_instance_id'))
    const ci = readCount(lookup('compute_instance_id'))
    return {
      pid: readCount(lookup('pid')),
      ...(type === null ? {} : { type }),
      name: readWord(lookup('process_name')),
      memory_mib: readQuantity(lookup('used_memory'), 'MiB'),
      ...(gi === null ? {} : { gi }),
      ...(ci === null ? {} : { ci }),
    }
  })
}

function childrenAt(node: XmlNode, outer: string, inner: string): XmlNode[] {
  const parent = childOf(node, outer)
  return parent === undefined ? [] : childrenOf(parent, inner)
}

function lookupIn(node: XmlNode): Lookup {
  return (path) => textAt(node, path)
}
