/**
 * `-L` of nvidia-smi and of the tools modelled on it: a line per card with its number, its name and
 * its UUID, and below it a line per part. Numbers, colons and brackets stand closer or wider in one
 * tool than in the other; what is no such line is passed over.
 */
import { readCount, readWord } from './text.ts'

export interface ListedPart {
  /** `3g.40gb`, `g1.c1.i1`. */
  readonly profile: string
  /** Its number on its card. */
  readonly device: number | null
  readonly uuid: string | null
}

export interface ListedCard {
  readonly index: number
  readonly name: string | null
  /** As printed: whether it names anything is for the reader of the vendor to tell. */
  readonly uuid: string | null
  readonly parts: readonly ListedPart[]
}

/** `GPU 0: NAME (UUID: …)`, `GPU 0 : NAME (UUID : …)`, `XPU 0: NAME  GPU-…`. */
const CARD =
  /^\s*([A-Z]{3})\s?(\d{1,6})\s?:\s+(\S.*?)\s*(?:\(UUID\s?:\s*([^()\s]*)\s*\)|\s((?:GPU|XPU)-[\w-]+))$/
/** `MIG 3g.40gb     Device  0: (UUID: …)`. */
const PART = /^\s+MIG (\S+?),?\s+Device\s+(\d+):? \(UUID: ([^()\s]+)\)$/

/** An id of other characters was damaged. */
const ID = /^[\w-]+$/

/** `word` is what the tool calls a card: `GPU`, `XPU`, `PPU`. Empty for a text without such a line. */
export function readSmiList(lines: readonly string[], word: string): ListedCard[] {
  const cards: ListedCard[] = []
  /** Those of the card right above; a line that cannot be read may have been another card's. */
  let parts: ListedPart[] = []
  for (const line of lines) {
    const trimmed = line.trimEnd()
    const [, title, number, name, uuid, bareUuid] = CARD.exec(trimmed) ?? []
    const [, profile, device, partUuid] = PART.exec(trimmed) ?? []
    const index = title === word ? readCount(number) : null
    if (index !== null) {
      parts = []
      cards.push({ index, name: readWord(name), uuid: idOf(uuid ?? bareUuid), parts })
    } else if (profile !== undefined) {
      parts.push({ profile, device: readCount(device), uuid: idOf(partUuid) })
    } else if (trimmed !== '') {
      parts = []
    }
  }
  return cards
}

function idOf(text: string | undefined): string | null {
  const word = readWord(text)
  return word !== null && ID.test(word) ? word : null
}
