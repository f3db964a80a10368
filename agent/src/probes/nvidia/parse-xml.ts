/**
 * `nvidia-smi -q -x`, drivers 418 to 595. Also takes the object node-nvidia-smi makes of it: both
 * come from xml2js with `explicitArray: false`, where one element is an object and several are an
 * array, so every list is normalised here. A text without its closing tag is discarded whole.
 */
import { parseString } from 'xml2js'
import * as z from 'zod/mini'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readQuantity, readWord } from '../text.ts'
import type { NvidiaDevice, NvidiaProcess, NvidiaReading, NvidiaSlice } from './devices.ts'
import { deviceFromFields, type Lookup, XML_PATHS } from './fields.ts'

/** An element as xml2js gives it: its text, or an object of its children and attributes. */
const Node = z.union([z.string(), z.record(z.string(), z.unknown())])
type Node = z.infer<typeof Node>

const Log = z.object({
  nvidia_smi_log: z.looseObject({
    driver_version: z.optional(z.string()),
    attached_gpus: z.optional(z.string()),
    gpu: z.optional(z.union([Node, z.array(Node)])),
  }),
})

export function parseNvidiaXml(text: string): NvidiaReading {
  if (!/<\/nvidia_smi_log>\s*$/.test(text)) {
    return { unreadable: 'The XML ends before its closing tag: the output was cut short.' }
  }
  let failure: string | null = null
  let data: unknown = null
  try {
    parseString(text, { explicitArray: false, trim: true }, (error, result) => {
      if (error === null) data = result
      else failure = error.message
    })
  } catch (error) {
    failure = error instanceof Error ? error.message : 'not XML'
  }
  if (failure !== null) return { unreadable: 'The XML is not well formed.' }
  const reading = readNvidiaLog(data)
  if ('unreadable' in reading) return reading
  const dtd = /<!DOCTYPE\s+nvidia_smi_log\s+SYSTEM\s+"([^"]+?)(?:\.dtd)?"/.exec(text)?.[1] ?? null
  return { ...reading, facts: { ...reading.facts, dtd: isVersionedDtd(dtd) ? dtd : null } }
}

/** The same from an object that xml2js (or node-nvidia-smi) made. */
export function readNvidiaLog(data: unknown): NvidiaReading {
  const parsed = Log.safeParse(data)
  if (!parsed.success) return { unreadable: 'The XML has no <nvidia_smi_log> of the known shape.' }
  const log = parsed.data.nvidia_smi_log
  const driverVersion = readWord(log.driver_version)
  return {
    format: 'xml',
    toolVersion: driverVersion,
    driverVersion,
    devices: listOf(log.gpu).map(readGpu),
    facts: { attached_gpus_field: readCount(log.attached_gpus) },
  }
}

/** 418 names a DTD without a version of its own. */
function isVersionedDtd(dtd: string | null): boolean {
  return dtd !== null && /_v\d+$/.test(dtd)
}

function readGpu(gpu: Node, index: number): NvidiaDevice {
  const lookup = lookupIn(gpu)
  const device = deviceFromFields({ index, paths: XML_PATHS, lookup, unitsOptional: false })
  const id = attribute(gpu, 'id')
  const slices = childrenOf(gpu, 'mig_devices', 'mig_device').map(readSlice)
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

function readSlice(slice: Node): NvidiaSlice {
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
function readProcesses(gpu: Node): NvidiaProcess[] | null {
  const processes = child(gpu, 'processes')
  if (processes === undefined) return null
  if (typeof processes === 'string') return processes.trim() === '' ? [] : null
  return childrenOf(gpu, 'processes', 'process_info').map((entry) => {
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

function listOf(value: Node | Node[] | undefined): Node[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function child(node: Node, name: string): Node | undefined {
  if (typeof node === 'string' || !Object.hasOwn(node, name)) return undefined
  const parsed = Node.safeParse(node[name])
  return parsed.success ? parsed.data : undefined
}

function childrenOf(node: Node, outer: string, inner: string): Node[] {
  const parent = child(node, outer)
  if (parent === undefined || typeof parent === 'string' || !Object.hasOwn(parent, inner)) return []
  const parsed = z.union([Node, z.array(Node)]).safeParse(parent[inner])
  return parsed.success ? listOf(parsed.data) : []
}

function attribute(node: Node, name: string): string | null {
  const attributes = child(node, '$')
  const value = attributes === undefined ? undefined : child(attributes, name)
  return typeof value === 'string' ? readWord(value) : null
}

function lookupIn(node: Node): Lookup {
  return (path) => {
    let here: Node | undefined = node
    for (const name of path.split('/')) here = here === undefined ? undefined : child(here, name)
    if (typeof here === 'object') return typeof here._ === 'string' ? here._ : undefined
    return here
  }
}
