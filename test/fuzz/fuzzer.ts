/**
 * Feeds a target with what it should withstand. In `npm test`: its seeds, what once broke it
 * (`test/fixtures/fuzz/`), and a fixed number of changed inputs, the same each time. Under
 * `scripts/fuzz.ts` for as long as that says: inputs that reach new code are kept and changed further.
 *
 * Of every input it asks that the target ends within its time, and changes nothing that all objects
 * inherit; the target itself asks for its own promises and throws where one does not hold.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Chance, Mutator } from './mutator.ts'

const FOUND = join(import.meta.dirname, '../../artifacts/fuzz')
const FIXTURES = join(import.meta.dirname, '../fixtures/fuzz')
/** A machine with two cores that runs other tests too; what hangs takes far longer. */
const RUN_MS_MAX = 10_000
const HEAP_BYTES_MAX = 2 * 1024 ** 3
const LOOK_EVERY = 1_000
const BYTES_MAX_DEFAULT = 16 * 1024
const INHERITED = [Object.prototype, Array.prototype, Function.prototype, String.prototype]

export interface FuzzTarget {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  readonly bytesMax?: number
  /** Changed inputs in `npm test`. */
  readonly rounds: number
  /** Throws where a promise does not hold for the input. */
  readonly run: (input: Uint8Array) => void | Promise<void>
}

interface Counted {
  yibenCover?: Uint8Array
  yibenWords?: ReadonlySet<string>
}

const seconds = Number(process.env.YIBEN_FUZZ_SECONDS ?? 0)

export async function fuzz(target: FuzzTarget): Promise<void> {
  const chance = new Chance(seconds > 0 ? Number(process.env.YIBEN_FUZZ_SEED ?? 1) : 1)
  const bytesMax = target.bytesMax ?? BYTES_MAX_DEFAULT
  const cover = new Cover()
  const corpus: Uint8Array[] = []
  const given = [...target.seeds, ...filesIn(FIXTURES, target.name)]
  const found = seconds > 0 ? filesIn(FOUND, target.name) : []
  for (const input of [...given, ...found]) {
    await runOne(target, input, cover)
    if (cover.isNew() || corpus.length < given.length) corpus.push(input)
  }
  const words = seconds > 0 ? [...((globalThis as Counted).yibenWords ?? [])] : []
  const mutator = new Mutator(chance, { words, bytesMax })
  const endMs = performance.now() + seconds * 1_000
  let rounds = 0
  // Bounded by the rounds of the target, or by the time that was asked for.
  while (seconds > 0 ? performance.now() < endMs : rounds < target.rounds) {
    rounds += 1
    // The latest lead where nothing else has been yet.
    const isLate = chance.below(2) === 0
    const from = isLate ? Math.max(0, corpus.length - 1 - chance.below(16)) : -1
    const base = corpus[from] ?? chance.pick(corpus) ?? new Uint8Array()
    const input = mutator.mutated(base, chance.pick(corpus) ?? base)
    await runOne(target, input, cover)
    if (cover.isNew()) corpus.push(keep(target, input, 'reached'))
    if (rounds % LOOK_EVERY === 0 && process.memoryUsage().heapUsed > HEAP_BYTES_MAX) {
      throw new Error(`${target.name}: the heap has grown past ${HEAP_BYTES_MAX} bytes`)
    }
  }
  if (seconds > 0) {
    const counts = `${rounds} inputs, ${corpus.length} kept, ${cover.reached} reached`
    process.stdout.write(`${target.name}: ${counts}
`)
  }
}

async function runOne(target: FuzzTarget, input: Uint8Array, cover: Cover): Promise<void> {
  const names = INHERITED.map((one) => Reflect.ownKeys(one).length)
  const startMs = performance.now()
  cover.clear()
  try {
    const running = target.run(input)
    if (running !== undefined) await running
    const tookMs = performance.now() - startMs
    if (tookMs > RUN_MS_MAX) throw new Error(`an input took ${Math.round(tookMs)} ms`)
    if (INHERITED.some((one, at) => Reflect.ownKeys(one).length !== names[at])) {
      throw new Error('an input has changed what all objects inherit')
    }
  } catch (error) {
    keep(target, input, 'broke')
    const shown = Buffer.from(input.subarray(0, 600))
    const sentence = `${target.name} broke on ${input.length} bytes, base64 ${shown.toString('base64')}`
    throw new Error(`${sentence}\n${JSON.stringify(shown.toString('utf8'))}`, { cause: error })
  }
}

/** Which branches were taken, and how often, to the nearest power of two, as AFL counts. */
class Cover {
  readonly #counts = (globalThis as Counted).yibenCover ?? new Uint8Array(4)
  readonly #words = new Uint32Array(this.#counts.buffer)
  readonly #seen = new Uint8Array(this.#counts.length)
  reached = 0

  clear(): void {
    this.#counts.fill(0)
  }

  isNew(): boolean {
    let isNew = false
    for (let word = 0; word < this.#words.length; word += 1) {
      if (this.#words[word] === 0) continue
      for (let at = word * 4; at < word * 4 + 4; at += 1) {
        const count = this.#counts[at] ?? 0
        if (count === 0) continue
        const seen = this.#seen[at] ?? 0
        const bucket = 1 << (31 - Math.clz32(count))
        if ((seen & bucket) !== 0) continue
        if (seen === 0) this.reached += 1
        this.#seen[at] = seen | bucket
        isNew = true
      }
    }
    return isNew
  }
}

function filesIn(folder: string, name: string): readonly Uint8Array[] {
  const path = join(folder, name)
  if (!existsSync(path)) return []
  return readdirSync(path)
    .sort()
    .map((file) => Uint8Array.from(readFileSync(join(path, file))))
}

/** Under the long run only: `npm test` leaves nothing behind. */
function keep(target: FuzzTarget, input: Uint8Array, why: 'reached' | 'broke'): Uint8Array {
  if (seconds === 0) return input
  const path = why === 'broke' ? join(FOUND, 'broke', target.name) : join(FOUND, target.name)
  mkdirSync(path, { recursive: true })
  const name = createHash('sha256').update(input).digest('hex').slice(0, 16)
  writeFileSync(join(path, name), input)
  return input
}
