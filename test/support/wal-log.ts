/**
 * SQLite's write-ahead log, read by its published format and by nothing of SQLite's own: where its
 * commits end. And what a crash or a bad disk can make of its bytes.
 *
 * Header of 32 bytes: magic, version, page size, checkpoint number, two salts, checksum of it. Then
 * frames of 24 bytes and a page: page number, size of the database after a commit (else 0), the
 * salts, and a checksum that goes on from frame to frame. The log ends at the first frame that does
 * not fit.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Chance } from '../simulation/chance.ts'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const MAGIC_BIG_ENDIAN = 0x377f0683
const SECTOR_BYTES = 512

type Sum = readonly [number, number]

/** Follows one log as it is written; asked after each commit it reads what is new. */
export class WalFollower {
  readonly #path: string
  #salts = ''
  #sum: Sum = [0, 0]
  #isBigEndian = false
  #pageBytes = 0
  #offset = 0
  /** Ends of the commits of the log as it is now. */
  #commits: number[] = []

  constructor(path: string) {
    this.#path = path
  }

  /** Changes when the log begins anew. */
  get salts(): string {
    return this.#salts
  }

  get commits(): readonly number[] {
    return this.#commits
  }

  get pageBytes(): number {
    return this.#pageBytes
  }

  /** Where the last commit ends; 0 of an empty log. */
  read(): number {
    const file = openSync(this.#path, 'r')
    try {
      this.#readHeader(file)
      if (this.#salts !== '') this.#readFrames(file)
    } finally {
      closeSync(file)
    }
    return this.#commits.at(-1) ?? 0
  }

  #readHeader(file: number): void {
    const header = Buffer.alloc(HEADER_BYTES)
    const isWhole = readSync(file, header, 0, HEADER_BYTES, 0) === HEADER_BYTES
    const salts = isWhole ? header.subarray(16, 24).toString('hex') : ''
    if (salts === this.#salts) return
    this.#salts = salts
    this.#commits = []
    this.#offset = HEADER_BYTES
    if (!isWhole) return
    this.#isBigEndian = header.readUInt32BE(0) === MAGIC_BIG_ENDIAN
    this.#pageBytes = header.readUInt32BE(8)
    this.#sum = this.#add([0, 0], header.subarray(0, 24))
  }

  #readFrames(file: number): void {
    const { size } = fstatSync(file)
    const frame = Buffer.alloc(FRAME_HEADER_BYTES + this.#pageBytes)
    let sum = this.#sum
    for (let at = this.#offset; at + frame.length <= size; at += frame.length) {
      readSync(file, frame, 0, frame.length, at)
      if (frame.subarray(8, 16).toString('hex') !== this.#salts) return
      sum = this.#add(this.#add(sum, frame.subarray(0, 8)), frame.subarray(FRAME_HEADER_BYTES))
      if (frame.readUInt32BE(16) !== sum[0] || frame.readUInt32BE(20) !== sum[1]) return
      if (frame.readUInt32BE(4) === 0) continue
      // Only what ends with a commit is there to stay.
      this.#commits.push(at + frame.length)
      this.#offset = at + frame.length
      this.#sum = sum
    }
  }

  #add([first, second]: Sum, bytes: Buffer): Sum {
    let [one, two] = [first, second]
    const word = (at: number) =>
      this.#isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)
    for (let at = 0; at < bytes.length; at += 8) {
      one = (one + word(at) + two) >>> 0
      two = (two + word(at + 4) + one) >>> 0
    }
    return [one, two]
  }
}

export const DAMAGES = ['cut', 'zeros', 'garbage', 'torn sector', 'flipped bit'] as const
export type Damage = (typeof DAMAGES)[number]

/**
 * The log as a disk may hand it out that had taken all bytes before `offset`: nothing after them,
 * zeros or rubbish in their place, or one bad sector or bit with good bytes behind it.
 */
export function damagedLog(log: Buffer, offset: number, damage: Damage, chance: Chance): Buffer {
  const damaged = Buffer.from(log)
  if (damage === 'cut') return damaged.subarray(0, offset)
  if (damage === 'flipped bit') {
    damaged[offset] = (damaged[offset] ?? 0) ^ (1 << chance.whole(0, 8))
    return damaged
  }
  const endOfSector = offset - (offset % SECTOR_BYTES) + SECTOR_BYTES
  const end = damage === 'torn sector' ? Math.min(endOfSector, damaged.length) : damaged.length
  if (damage === 'zeros') return damaged.fill(0, offset, end)
  for (let at = offset; at < end; at += 1) damaged[at] = chance.whole(0, 256)
  return damaged
}

/** The last commit that such a log still holds in full; 0: none. */
export function lastCommitBefore(commits: readonly number[], offset: number): number {
  return commits.findLast((end) => end <= offset) ?? 0
}
