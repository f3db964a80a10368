/**
 * Makes new inputs out of old ones, the way they break programs: bits and bytes changed, numbers at
 * the edges of their types, pieces cut, doubled, moved, taken from elsewhere, words of the code put in.
 */

/** The same numbers for the same seed. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1
  }

  /** Of 0 to `count` − 1. */
  below(count: number): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return count <= 0 ? 0 : (this.#state >>> 0) % count
  }

  pick<One>(list: readonly One[]): One | undefined {
    return list[this.below(list.length)]
  }
}

const CHANGES_MAX = 8
const EDGES = [0, 1, 2, 10, 16, 32, 64, 100, 127, 128, 192, 224, 240, 250, 254, 255]
const EDGE_WORDS = [
  '0',
  '-1',
  '1e309',
  '-0',
  '9007199254740993',
  '18446744073709551616',
  '0x10',
  'NaN',
  '%',
  '__proto__',
  'constructor',
  'prototype',
  '\u0000',
  '\r\n',
  '\ud800',
  '\u202e',
  '"',
  "'",
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '/',
  '..',
  '#',
  '&',
  '=',
  '+',
  ' ',
  '\t',
  'null',
  'true',
]

export interface MutatorOptions {
  readonly words: readonly string[]
  readonly bytesMax: number
}

export class Mutator {
  readonly #chance: Chance
  readonly #words: readonly Uint8Array[]
  readonly #bytesMax: number

  constructor(chance: Chance, { bytesMax, words }: MutatorOptions) {
    this.#chance = chance
    this.#words = [...EDGE_WORDS, ...words].map((word) => Buffer.from(word))
    this.#bytesMax = bytesMax
  }

  /** A new input out of `input`, and sometimes a piece of `other`. */
  mutated(input: Uint8Array, other: Uint8Array): Uint8Array {
    let bytes = Uint8Array.from(input)
    for (let left = 1 + this.#chance.below(CHANGES_MAX); left > 0; left -= 1) {
      bytes = this.#changed(bytes, other)
    }
    return bytes.subarray(0, this.#bytesMax)
  }

  #changed(bytes: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
    const chance = this.#chance
    const at = chance.below(bytes.length)
    const length = 1 + chance.below(Math.min(64, bytes.length - at))
    switch (chance.below(12)) {
      case 0:
        return set(bytes, at, (bytes[at] ?? 0) ^ (1 << chance.below(8)))
      case 1:
        return set(bytes, at, chance.pick(EDGES) ?? 0)
      case 2:
        return set(bytes, at, (bytes[at] ?? 0) + chance.below(33) - 16)
      case 3:
        return spliced(bytes, at, length, new Uint8Array())
      case 4:
        return spliced(bytes, chance.below(bytes.length), 0, bytes.subarray(at, at + length))
      case 5:
        return spliced(bytes, at, 0, chance.pick(this.#words) ?? bytes)
      case 6:
        return spliced(bytes, at, length, chance.pick(this.#words) ?? bytes)
      case 7:
        return spliced(bytes, at, 0, new Uint8Array(length).fill(chance.below(256)))
      case 8: {
        const from = chance.below(other.length)
        return spliced(bytes, at, length, other.subarray(from, from + 1 + chance.below(256)))
      }
      case 9:
        return Uint8Array.from(bytes.subarray(0, at))
      case 10:
        return this.#number(bytes, at)
      default:
        return Uint8Array.from(chance.below(20) === 0 ? other : set(bytes, at, chance.below(256)))
    }
  }

  /** Another decimal number where one stands in text; elsewhere four bytes at an edge. */
  #number(bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
    const found = /\d+/.exec(Buffer.from(bytes.subarray(at, at + 256)).toString('latin1'))
    if (found !== null) {
      const digits = this.#chance.pick(['0', '1', '4294967296', '99999999999', '007', '3.5e8'])
      return spliced(bytes, at + found.index, found[0].length, Buffer.from(digits ?? '0'))
    }
    return spliced(bytes, at, 4, Uint8Array.of(255, 255, 255, this.#chance.below(256)))
  }
}

function set(bytes: Uint8Array, at: number, value: number): Uint8Array<ArrayBuffer> {
  const changed = Uint8Array.from(bytes)
  changed[at] = value & 255
  return changed
}

function spliced(bytes: Uint8Array, at: number, length: number, piece: Uint8Array) {
  const changed = new Uint8Array(bytes.length - Math.min(length, bytes.length - at) + piece.length)
  changed.set(bytes.subarray(0, at))
  changed.set(piece, at)
  changed.set(bytes.subarray(at + length), at + piece.length)
  return changed
}
