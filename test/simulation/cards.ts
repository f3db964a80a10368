/**
 * What the cards of the simulated world truly do, second by second, from the seed; and a probe that
 * shows it to an agent, keeping a log of every answer it gave.
 */
import type { Clock, Random, UnitReading } from '@yiben/shared'
import type {
  Detection,
  Inventory,
  InventoryUnit,
  Probe,
  ProbeFailure,
  ProbeSample,
} from '../../agent/src/probes/probe.ts'
import { FakeRandom } from '../support/fake-clock.ts'
import { busyReading, fakeCard, idleReading } from '../support/fake-probe.ts'

const GIB = 1024 ** 3
export const SIM_VENDOR = 'nvidia'

/** `grey`: between quiet and busy; `held`: quiet, with memory in use. */
export type Mood = 'idle' | 'busy' | 'held' | 'grey'

export type Script = (atMs: number) => Mood

interface Episode {
  readonly fromMs: number
  readonly mood: Mood
}

/** Mean lengths, ms, of what a card does by itself. */
const EPISODE_MS: Readonly<Record<Mood, number>> = {
  idle: 420_000,
  busy: 150_000,
  held: 60_000,
  grey: 9_000,
}

/** Episodes drawn one after another, as far as they are asked for. */
export function drawnScript(random: Random, fromMs: number): Script {
  const episodes: Episode[] = [{ fromMs, mood: random.fraction() < 0.7 ? 'idle' : 'busy' }]
  let untilMs = fromMs
  const extend = () => {
    const before = episodes.at(-1)?.mood ?? 'idle'
    untilMs += EPISODE_MS[before] * (0.3 + 1.4 * random.fraction())
    const draw = random.fraction()
    const next: Mood =
      before !== 'idle' ? 'idle' : draw < 0.4 ? 'busy' : draw < 0.7 ? 'grey' : 'held'
    episodes.push({ fromMs: untilMs, mood: next })
  }
  return (atMs) => {
    while (untilMs <= atMs) extend()
    return episodes.findLast((episode) => episode.fromMs <= atMs)?.mood ?? 'idle'
  }
}

/** A card and how it is cut now; its id is that of its silicon wherever it is plugged in. */
export interface SimCard {
  readonly key: string
  /** Slices it is cut into; 0 for a whole card. */
  slices: number
}

/** All cards of a world: what each does does not depend on who looks. */
export class SimCards {
  readonly #seed: number
  readonly #fromMs: number
  readonly #scripts = new Map<string, Script>()

  constructor(seed: number, fromMs: number) {
    this.#seed = seed
    this.#fromMs = fromMs
  }

  /** From now on the unit does what `script` says. */
  play(key: string, script: Script): void {
    this.#scripts.set(key, script)
  }

  /** Every unit that anybody has looked at. */
  get keys(): readonly string[] {
    return [...this.#scripts.keys()]
  }

  moodAt(key: string, atMs: number): Mood {
    let script = this.#scripts.get(key)
    if (script === undefined) {
      script = drawnScript(new FakeRandom(this.#seed ^ hashOf(key)), this.#fromMs)
      this.#scripts.set(key, script)
    }
    return script(atMs)
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return hash
}

/** The units a tool would list: a card whole, or with its slices and what is left of it. */
export function unitsOf(cards: readonly SimCard[]): InventoryUnit[] {
  return cards.flatMap(({ key, slices }) => {
    const { unit } = fakeCard(key, { pciAddress: null })
    if (slices === 0) return [unit]
    const share = Math.floor(1_000_000 / (slices + 1))
    const parts = Array.from({ length: slices }, (_, slice) => ({
      ...unit,
      key: `${key}/${slices}-${slice}`,
      kind: 'slice' as const,
      sharePpm: share,
    }))
    const rest = { ...unit, key: `${key}/${slices}-rest`, kind: 'unsliced' as const }
    const children = [...parts, { ...rest, sharePpm: 1_000_000 - share * slices }]
    return [
      unit,
      ...children.map((child) => ({
        ...child,
        parentKey: key,
        identities: [{ strength: 'strong' as const, raw: child.key }],
      })),
    ]
  })
}

export function readingOf(key: string, mood: Mood): UnitReading {
  switch (mood) {
    case 'idle':
      return idleReading(key)
    case 'busy':
      return busyReading(key)
    case 'grey':
      return { ...idleReading(key), utilization: { compute: 0.03 } }
    case 'held':
      return {
        ...idleReading(key),
        memoryUsedBytes: 8 * GIB,
        processes: { computeCount: 1, graphicsCount: 0, memoryUsedBytes: 8 * GIB },
      }
    default:
      return mood satisfies never
  }
}

/** One answer, by when it was asked on the node's timeline; `null` moods: nothing was read. */
export interface Answer {
  readonly atMs: number
  readonly moods: ReadonlyMap<string, Mood> | null
  /** The tool has been slow in this life of the agent. */
  readonly isAfterSlow: boolean
}

export interface SimProbeOptions {
  readonly clock: Clock
  readonly random: Random
  readonly trueMs: () => number
  readonly cards: SimCards
  readonly plugged: () => readonly SimCard[]
  /** Share of samples that fail. */
  readonly failures: number
  /** Called with each sample that the probe takes, when it is taken. */
  readonly onSample: (moods: ReadonlyMap<string, Mood> | null) => void
}

const FAILURE: ProbeFailure = {
  status: 'failed',
  code: 'tool_failed',
  sentence: 'The simulated tool failed by chance.',
}

export class SimProbe implements Probe {
  readonly vendor = SIM_VENDOR
  /** Calls do not come back before this true time. */
  hungUntilMs = 0
  isAfterSlow = false
  readonly #options: SimProbeOptions

  constructor(options: SimProbeOptions) {
    this.#options = options
  }

  async detect(): Promise<Detection> {
    return { status: 'present', tool: 'simulated', toolVersion: null }
  }

  async inventory(): Promise<Inventory | ProbeFailure> {
    await this.#takeTime()
    const units = unitsOf(this.#options.plugged())
    return { status: 'ok', tool: 'simulated', toolVersion: null, units, problems: [] }
  }

  async sample(): Promise<ProbeSample | ProbeFailure> {
    const { random, failures, cards, trueMs, plugged, onSample } = this.#options
    const isFailing = random.fraction() < failures
    const atMs = trueMs()
    const keys = unitsOf(plugged()).map(({ key }) => key)
    const moods = new Map(keys.map((key) => [key, cards.moodAt(key, atMs)]))
    onSample(isFailing ? null : moods)
    await this.#takeTime()
    if (isFailing) return FAILURE
    const readings = [...moods].map(([key, mood]) => readingOf(key, mood))
    return { status: 'ok', tool: 'simulated', readings, problems: [] }
  }

  async release(): Promise<void> {}

  /** A few ms as a rule: a slow tool would stretch its cadence. */
  #takeTime(): Promise<void> {
    const { clock, random, trueMs } = this.#options
    const hungMs = Math.max(0, this.hungUntilMs - trueMs())
    this.isAfterSlow ||= hungMs > 0
    const delayMs = Math.round(1 + 20 * random.fraction()) + hungMs
    return new Promise((resolve) => clock.after(delayMs, resolve))
  }
}
