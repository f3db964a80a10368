/**
 * What `mx-smi` prints card by card: `--show-temperature`, `--show-usage`, `--show-memory`,
 * `--show-board-power`, `--count-ecc` (key and value lines under headings), and `-L`, whose lines
 * are the first lines of such blocks with the state and the UUID behind them.
 */
import { sparseCard } from '../card.ts'
import { type HeadedValues, readHeadedValues } from '../headed-values.ts'
import { normalisePciAddress } from '../pci-address.ts'
import { readCount, readNumber, readQuantity, readWord } from '../text.ts'
import { finishedLines } from '../tool-lines.ts'
import {
  ADDRESS,
  type EccCounters,
  editionOf,
  type MetaxDevice,
  type MetaxOutput,
  readCelsius,
  readUuid,
} from './devices.ts'

/** `GPU#0  MXC500  0000:08:00.0`, in `-L` also `Available (UUID: GPU-…)`. */
const CARD = new RegExp(
  `^GPU#(\\d{1,6})\\s+([^()#]+?)\\s+(${ADDRESS})(?:\\s+([^()]*?)\\s*\\(UUID:\\s*([^()]*?)\\s*\\))?$`,
  'i',
)
/** Its brackets show that a last line without an end is whole. */
const WHOLE = /\(UUID:[^()]*\)\s*$/
const KIB_PER_MIB = 1024
/** Sizes are printed as `KB` and are powers of 1024. */
const MIB_PER_UNIT: Readonly<Record<string, number>> = { KB: 1 / KIB_PER_MIB, MB: 1, GB: 1024 }

export function isMetaxBlocks(lines: readonly string[]): boolean {
  return lines.some((line) => CARD.test(line.trim()))
}

export function parseMetaxBlocks(printed: readonly string[]): MetaxOutput {
  const lines = WHOLE.test(printed.at(-1) ?? '') ? printed : finishedLines(printed)
  const starts = lines.flatMap((line, at) => (CARD.test(line.trim()) ? [at] : []))
  const devices = starts.map((start, at) => {
    const [, index = '', name, pci = null, state, uuid] =
      CARD.exec(lines[start]?.trim() ?? '') ?? []
    return {
      ...sparseCard(Number(index)),
      name: readWord(name),
      uuid: readUuid(uuid),
      pci,
      pci_bdf: normalisePciAddress(pci),
      ...(state === undefined ? {} : { state: readWord(state) }),
      ...readBlock(readHeadedValues(lines.slice(start + 1, starts[at + 1]))),
    }
  })
  return { ...editionOf(printed), devices }
}

function readBlock(values: HeadedValues): Partial<MetaxDevice> {
  const ecc = eccCounters(values)
  return {
    // `vis_vram` is what the host can address of it, `xtt` memory of the host.
    memory_total_mib: readMib(values.get('memory/vram total')),
    memory_used_mib: readMib(values.get('memory/vram used')),
    utilization_pct: readQuantity(values.get('utilization/gpu'), '%'),
    temperature_c: readCelsius(hotspotIn(values)),
    power_w: boardPower(values),
    ...(ecc === null ? {} : { ecc }),
  }
}

/** `hotspot`, or with the sensor that is the hottest: `hotspot(sensor4)`. */
function hotspotIn(values: HeadedValues): string | undefined {
  return values
    .under('chip temperature')
    .find(([key]) => /^hotspot(?:\s?\([^()]*\))?$/.test(key))?.[1]
}

/** A line may hold voltage, current and power; the power stands last. */
function boardPower(values: HeadedValues): number | null {
  const total = values.get('board power/total') ?? values.get('power/total')
  return readQuantity(/(\d+(?:\.\d+)?\s?W)$/.exec(total ?? '')?.[1], 'W')
}

function eccCounters(values: HeadedValues): EccCounters | null {
  const errors = values
    .under('ecc errors')
    .map(([key, value]) => [key.replaceAll(/[\s-]+/g, '_'), readCount(value)] as const)
  const retired = values
    .under('retired pages')
    .map(
      ([key, value]) =>
        [
          `retired_${key.replace(/ ecc$/, '').replaceAll(/[\s-]+/g, '_')}`,
          readCount(value),
        ] as const,
    )
  const told = [...errors, ...retired].flatMap(([key, count]) =>
    count === null ? [] : [[key, count] as const],
  )
  return told.length === 0 ? null : Object.fromEntries(told)
}

function readMib(text: string | undefined): number | null {
  const [, figure, unit = ''] = /^(\d{1,15}(?:\.\d+)?)\s?([KMG]B)$/.exec(text ?? '') ?? []
  const value = readNumber(figure)
  const factor = MIB_PER_UNIT[unit]
  return value === null || factor === undefined ? null : value * factor
}
