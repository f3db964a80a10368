/**
 * `vasmi dmon --loop N` (Smi version 3.1.3): a table with one bar. Left of it stand the card and its
 * power, printed beside the first of its dies only; right of it a die. Columns are found by the
 * header line; a row with another number of words is left out. Of several loops the last counts.
 */
import { type CardOutput, sparseCard } from '../card.ts'
import { readCount, readNumber } from '../formats/text.ts'
import { finishedLines, firstMatch } from '../formats/tool-lines.ts'
import type { VastaiDevice } from './devices.ts'

const HEADER = /^\s*AIC\s.*\|.*\bDevId\b/
const VERSION = /\bSmi version:\s*(\d\S*)/i

/** `null`: no such table in the text. */
export function parseVasmiDmon(lines: readonly string[]): CardOutput<VastaiDevice> | null {
  const devices = new Map<string, VastaiDevice>()
  let header: { readonly card: readonly string[]; readonly die: readonly string[] } | null = null
  let card: ReadonlyMap<string, string> | null = null
  for (const line of finishedLines(lines)) {
    if (HEADER.test(line)) {
      const [left = '', right = ''] = line.split('|')
      header = { card: wordsOf(left), die: wordsOf(right) }
      card = null
      continue
    }
    if (header === null) continue
    const [left = '', right] = line.split('|')
    if (right !== undefined) card = valuesUnder(header.card, wordsOf(left))
    const die = valuesUnder(header.die, wordsOf(right ?? left))
    const device = die === null ? null : readDie(die, card)
    if (device !== null) devices.set(`${device.dev_id}/${device.die_id}`, device)
  }
  if (devices.size === 0) return null
  const toolVersion = firstMatch(lines, VERSION)?.[1] ?? null
  return { tool: 'vasmi', toolVersion, driverVersion: null, devices: [...devices.values()] }
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean)
}

function valuesUnder(
  titles: readonly string[],
  words: readonly string[],
): ReadonlyMap<string, string> | null {
  if (words.length !== titles.length) return null
  return new Map(titles.map((title, at) => [title, words[at] ?? '']))
}

/** `card` is `null` where its part of the row could not be read: then the die has no known card. */
function readDie(
  die: ReadonlyMap<string, string>,
  card: ReadonlyMap<string, string> | null,
): VastaiDevice | null {
  const index = readCount(die.get('DevId'))
  if (index === null) return null
  const percent = (title: string) => readNumber(die.get(title))
  return {
    ...sparseCard(index),
    aic: readCount(card?.get('AIC')),
    dev_id: index,
    die_id: readCount(die.get('DieId')),
    memory_used_pct: percent('Gfx_Mem'),
    utilization_pct: percent('AI'),
    graphics_pct: percent('Gpu'),
    encoder_pct: percent('Enc'),
    decoder_pct: percent('Dec'),
    board_power_w: readNumber(card?.get('Pwr')),
    temperature_c: readNumber(die.get('Temp')),
  }
}
