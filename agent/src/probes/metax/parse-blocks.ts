/**
 * What `mx-smi` prints card by card: `--show-temperature`, `--show-usage`, `--show-memory`,
 * `--show-board-power`, `--count-ecc` (key and value lines under headings), and `-L`, whose lines
 * are the first lines of such blocks with the state and the UUID behind them.
 */
import { sparseCard } from '../card.ts'
import { type KeyNode, nodeAt, readHeadedTree, valueAt } from '../formats/key-tree.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { readUuid } from '../formats/printed-id.ts'
import { readSizeMib } from '../formats/size.ts'
import { readCelsius, readCount, readQuantity, readWord } from '../formats/text.ts'
import { finishedLines } from '../formats/tool-lines.ts'
import {
  ADDRESS,
  type EccCounters,
  editionOf,
  type MetaxDevice,
  type MetaxOutput,
} from './devices.ts'

/** `GPU#0  MXC500  0000:08:00.0`, in `-L` also `Available (UUID: GPU-…)`. */
const CARD = new RegExp(
  `^GPU#(\\d{1,6})\\s+([^()#]+?)\\s+(${ADDRESS})(?:\\s+([^()]*?)\\s*\\(UUID:\\s*([^()]*?)\\s*\\))?$`,
  'i',
)
/** Its brackets show that a last line without an end is whole. */
const WHOLE = /\(UUID:[^()]*\)\s*$/

/** `null`: no block of a card in the text. */
export function parseMetaxBlocks(printed: readonly string[]): MetaxOutput | null {
  if (!printed.some((line) => CARD.test(line.trim()))) return null
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
      ...readBlock(readHeadedTree(lines.slice(start + 1, starts[at + 1]))),
    }
  })
  return { ...editionOf(printed), devices }
}

function readBlock(tree: readonly KeyNode[]): Partial<MetaxDevice> {
  const ecc = eccCounters(tree)
  return {
    // `vis_vram` is what the host can address of it, `xtt` memory of the host.
    memory_total_mib: readSizeMib(valueAt(tree, 'Memory/vram total')),
    memory_used_mib: readSizeMib(valueAt(tree, 'Memory/vram used')),
    utilization_pct: readQuantity(valueAt(tree, 'Utilization/GPU'), '%'),
    temperature_c: readCelsius(hotspotIn(tree)),
    power_w: boardPower(tree),
    ...(ecc === null ? {} : { ecc }),
  }
}

/** `hotspot`, or with the sensor that is the hottest: `hotspot(sensor4)`. */
function hotspotIn(tree: readonly KeyNode[]): string | null | undefined {
  return nodeAt(tree, 'Chip Temperature')?.children.find(({ key }) =>
    /^hotspot(?:\s?\([^()]*\))?$/.test(key),
  )?.value
}

/** A line may hold voltage, current and power; the power stands last. */
function boardPower(tree: readonly KeyNode[]): number | null {
  const total = valueAt(tree, 'Board Power/Total') ?? valueAt(tree, 'Power/Total')
  return readQuantity(/(\d+(?:\.\d+)?\s?W)$/.exec(total ?? '')?.[1], 'W')
}

function eccCounters(tree: readonly KeyNode[]): EccCounters | null {
  const told = [
    ...countersUnder(tree, 'ECC Errors', (key) => key),
    ...countersUnder(tree, 'Retired Pages', (key) => `retired ${key.replace(/ ecc$/, '')}`),
  ]
  return told.length === 0 ? null : Object.fromEntries(told)
}

/** By the name of the counter, `sram_correctable`, `retired_double_bit`. */
function countersUnder(
  tree: readonly KeyNode[],
  heading: string,
  nameOf: (key: string) => string,
): (readonly [name: string, count: number])[] {
  return (nodeAt(tree, heading)?.children ?? []).flatMap(({ key, value }) => {
    const count = readCount(value)
    return count === null ? [] : [[nameOf(key).replaceAll(/[\s-]+/g, '_'), count] as const]
  })
}
