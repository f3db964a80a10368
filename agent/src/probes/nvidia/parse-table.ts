/**
 * The plain table of `nvidia-smi`: a fallback for support, never for sampling. Names are cut there
 * (`NVIDIA A800-SXM...`) and power is rounded.
 */

import { unreadable } from '../card.ts'
import {
  cardDialect,
  readCardTable,
  type TableCard,
  type TablePart,
} from '../formats/card-table.ts'
import { readCount } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type NvidiaDevice, type NvidiaReading, type NvidiaSlice, nvidiaOutput } from './devices.ts'
import { onOff } from './fields.ts'

const BANNER = /^\|\s*NVIDIA-SMI\b(?:\s+(\d\S*))?(?:.*?\bDriver Version:\s*(\S+))?/
const DIALECT = cardDialect('gpu')

/** `null` for a text without its banner. */
export function parseNvidiaTable(lines: readonly string[]): NvidiaReading | null {
  const banner = firstMatch(lines, BANNER)
  if (banner === null) return null
  const table = readCardTable(lines, DIALECT)
  if (table === null) return unreadable('The table of nvidia-smi lacks some of its headers.')
  const [, toolVersion = null, driverVersion = null] = banner
  const { parts } = table.parts
  const devices = table.cards.map((card) => readDevice(card, parts))
  return { ...nvidiaOutput(devices, driverVersion), toolVersion }
}

function readDevice({ card, values }: TableCard, parts: readonly TablePart[]): NvidiaDevice {
  const slices = parts.filter((part) => part.card === card.index).map(readSlice)
  return {
    ...card,
    mig_enabled: onOff(values.get('mig')),
    ecc_uncorrected_volatile: readCount(values.get('ecc')),
    ...(slices.length === 0 ? {} : { mig_devices: slices }),
  }
}

function readSlice({ device, gi, ci, units, memory }: TablePart): NvidiaSlice {
  return {
    index: device,
    gi,
    ci,
    sm_count: units,
    memory_total_mib: memory.total,
    memory_used_mib: memory.used,
  }
}
