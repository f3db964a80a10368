/** Devices of `mx-smi`: what its outputs tell beyond what every vendor's tell. */
import type { CardDevice, CardOutput } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'

/** Counters by name (`sram_correctable`, `retired_double_bit`); versions differ in which they have. */
export type EccCounters = Readonly<Record<string, number>>

export interface MetaxDevice extends CardDevice {
  /** Number of the board, where the table tells it beside the number of the chip. */
  readonly board?: number | null
  readonly die?: number | null
  /** `Available`; told by the table from 2.2 on, and by `-L`. */
  readonly state?: string | null
  /** `Native` or `Disabled`: the card is in one piece. */
  readonly sgpu_mode?: string | null
  /** Of the whole board, repeated on each of its chips: never to be summed. */
  readonly board_power_w?: number | null
  readonly memory_used_pct?: number | null
  readonly ecc?: EccCounters | null
}

export type MetaxOutput = CardOutput<MetaxDevice>

export const ADDRESS = '[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]'

export interface Edition {
  /** `mx-smi`, or the name under which another brand ships the same tool (`ht-smi`). */
  readonly tool: string
  readonly toolVersion: string | null
  readonly driverVersion: string | null
}

const FIRST_LINE = /^\s*([a-z]{2,8}-smi)\s+version:\s*(\S+)\s*$/i
const BANNER = /^\s*\|\s*([A-Z]{2,8}-SMI)\s+(\d[\w.]*)/
const DRIVER = /Kernel Mode Driver Version:\s*([^\s|]+)/

export function editionOf(lines: readonly string[]): Edition {
  const [, tool, version] = firstMatch(lines, FIRST_LINE) ?? firstMatch(lines, BANNER) ?? []
  return {
    tool: tool?.toLowerCase() ?? 'mx-smi',
    toolVersion: version ?? null,
    driverVersion: readWord(firstMatch(lines, DRIVER)?.[1]),
  }
}

/** A bus address as printed; `null` for what is none. */
export function readAddress(text: string | undefined): string | null {
  return text === undefined || normalisePciAddress(text) === null ? null : text
}

/** From 2.2.9 on power is a figure of the board: where chips share one, it is not theirs. */
export function withBoardPower(
  devices: readonly MetaxDevice[],
  boardOf: (device: MetaxDevice) => number | null | undefined,
): MetaxDevice[] {
  const isShared = (device: MetaxDevice) =>
    typeof boardOf(device) === 'number' &&
    devices.some((other) => other !== device && boardOf(other) === boardOf(device))
  return devices.map((device) =>
    isShared(device)
      ? { ...device, power_w: null, power_cap_w: null, board_power_w: device.power_w }
      : device,
  )
}
