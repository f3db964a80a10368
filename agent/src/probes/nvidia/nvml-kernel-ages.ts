/**
 * What ran between two readings. The driver keeps the last values of its counters, each over 1/6 s to
 * 1 s, for some ten seconds and more (`nvmlDeviceGetSamples`). A job that comes and goes between two
 * readings is in no counter of now and in no list of processes: on an H200 (driver 580.159) three of
 * four jobs of 1.6 s at 100 % were missed at a reading each 10 s, and their time was booked as free.
 *
 * All that is kept is asked for each time, and what is new told by its stamps: these are of a clock of
 * the driver's own, and one that went back would hide everything for ever. A driver that keeps nothing
 * of an idle card says `NOT_FOUND`.
 */
import type { NvidiaDevice } from './devices.ts'
import type { NvmlLibrary } from './nvml-library.ts'
import type { Handle } from './nvml-readers.ts'
import { NVML_NOT_FOUND, NVML_SUCCESS, SAMPLE, SAMPLINGS } from './nvml-tables.ts'

/** An engine is busy from here on (`utilizationBusyRatio` of the definition). */
const BUSY_PERCENT_MIN = 5
/** Stamps are in µs. */
const STAMPS_PER_MS = 1_000n
/** More than any driver was seen to keep (100 to 120); the library fills what there is room for. */
const SAMPLES_MAX = 1_024

/** A card, with what it is known by when its handle is given anew. */
interface AskedCard {
  readonly handle: Handle
  readonly uuid: string | null
  readonly pci: string | null
}

/** Newest stamp by kind of sample; a kind that is not told is left out. */
type Stamps = ReadonlyMap<number, bigint>

export class KernelAges {
  readonly #seen = new Map<string, Stamps>()
  readonly #buffer = Buffer.alloc(SAMPLES_MAX * SAMPLE.size)

  /**
   * How long ago an engine worked, in ms, where one worked since the reading before; less than that
   * where the driver keeps nothing of the idle time that followed. `null`: none worked, or nothing is
   * told; always at the first reading of a card.
   */
  async of(library: NvmlLibrary, card: AskedCard): Promise<Pick<NvidiaDevice, 'kernel_age_ms'>> {
    const key = card.uuid ?? card.pci ?? ''
    const before = this.#seen.get(key)
    const stamps = new Map<number, bigint>()
    const ages: number[] = []
    for (const sampling of SAMPLINGS) {
      const kept = await this.#kept(library, card.handle, sampling)
      if (kept === null) continue
      const last = before?.get(sampling) ?? 0n
      const newest = newestOf(kept)
      // Also where it is older than the last: the driver's clock has gone back, and goes on from there.
      stamps.set(sampling, kept.length === 0 ? last : newest)
      const worked = kept.filter(
        ({ stamp, percent }) => stamp > last && percent >= BUSY_PERCENT_MIN,
      )
      if (worked.length > 0) ages.push(Number((newest - newestOf(worked)) / STAMPS_PER_MS))
    }
    this.#seen.set(key, stamps)
    return { kernel_age_ms: before === undefined || ages.length === 0 ? null : Math.min(...ages) }
  }

  /** `null`: this card, or this version of the library, does not tell. */
  async #kept(
    library: NvmlLibrary,
    card: Handle,
    sampling: number,
  ): Promise<readonly Sample[] | null> {
    const count = Buffer.alloc(4)
    count.writeUInt32LE(SAMPLES_MAX, 0)
    const code = await library.call(
      'nvmlDeviceGetSamples',
      card,
      sampling,
      0n,
      Buffer.alloc(4),
      count,
      this.#buffer,
    )
    if (code === NVML_NOT_FOUND) return []
    if (code !== NVML_SUCCESS) return null
    const found = Math.min(count.readUInt32LE(0), SAMPLES_MAX)
    return Array.from({ length: found }, (_, at) =>
      sampleAt(this.#buffer, at * SAMPLE.size),
    ).filter(
      // Some drivers leave places of the list as they were, others fill them with all ones.
      ({ stamp, percent }) => stamp > 0n && percent <= 100,
    )
  }
}

function newestOf(samples: readonly Sample[]): bigint {
  let newest = 0n
  for (const { stamp } of samples) if (stamp > newest) newest = stamp
  return newest
}

interface Sample {
  readonly stamp: bigint
  readonly percent: number
}

function sampleAt(buffer: Buffer, from: number): Sample {
  return {
    stamp: buffer.readBigUInt64LE(from + SAMPLE.stampAt),
    percent: buffer.readUInt32LE(from + SAMPLE.valueAt),
  }
}
