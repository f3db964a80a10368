/**
 * What no honest node tells: the rules over one hour of the ledger, and the figures that show it.
 * Pure. Each limit has room for what honest machines were seen to do; a rule proves no lie, and none
 * changes a figure of the ledger.
 *
 *   idle_at_power     quiet for nearly the hour, on the power of a working card
 *   busy_at_idle      busy for nearly the hour, on the power of an empty card
 *   recording         the hour is that of an hour, a day or a week before to the last figure, and
 *                     that one the one before it: readings of a card in use never repeat so
 *   copied            two cards of two nodes told the same hour to the last figure
 *   energy_above_cap  more energy than the card's power cap lets through
 *   not_its_model     memory or power cap are not those of the model that the name claims
 *   too_many_cards    more cards than a machine has
 */
import { HOUR_MS } from '@yiben/shared'
import type { Chip } from '../catalogue/chips.ts'
import type { IdleBaselineRow } from '../catalogue/idle-baselines.ts'
import type { CatalogueMatch } from '../catalogue/match.ts'
import type {
  HourReading,
  ImplausibleFigures,
  ImplausibleHour,
  ImplausibleRule,
} from '../model/implausible.ts'
import type { DeviceProfile } from '../model/inventory.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import { bookedMsOf } from '../timeline/hours.ts'

/** Nearly the hour: what is left may be a job's start or end, at any power. */
const NEARLY_HOUR_MS = 50 * 60_000
/** As the agent's own rule of a contradiction: loaded cards idle at up to 1.7 times their empty power. */
const IDLE_POWER_FACTOR = 2
const IDLE_POWER_ABOVE_WATTS = 50
/** Where no idle power is known: small cards idle at half of what they may draw, big ones far below. */
const IDLE_POWER_OF_TDP = 0.6
const IDLE_POWER_WATTS_MIN = 60
/** Mean over the hour; a card that computes half of the time draws more than an empty one. */
const BUSY_UTILIZATION_PERMILLE = 500
const BUSY_POWER_OF_IDLE = 1.1
const BUSY_POWER_OF_TDP = 0.1
/** Meters are off by some percent, and caps are held as a mean. */
const CAP_FACTOR = 1.2
const TDP_FACTOR = 1.5
/** Cards with more memory soldered on exist: they are what this shows. Tools report a little less. */
const MEMORY_FACTOR_MAX = 1.1
/** Some models come with half the memory that the catalogue names. */
const MEMORY_FACTOR_MIN = 0.45
const POWER_CAP_FACTOR_MAX = 1.5
/** Machines hold 8 or 16, in chassis of PCIe switches up to 20; two dies of a card count as one. */
const NODE_CARDS_MAX = 32

/** What the rules ask of the catalogue. */
export interface ModelFacts {
  match(profile: DeviceProfile): CatalogueMatch
  chipOf(match: CatalogueMatch): Pick<Chip, 'memoryGib' | 'tdpWatts'> | null
  /** Highest power of the empty card that was seen; `null` where none was. */
  idleWattsMax(profile: DeviceProfile): number | null
}

export function modelFacts(catalogue: {
  readonly chips: readonly Chip[]
  readonly idleBaselines: readonly IdleBaselineRow[]
  match(device: {
    readonly vendor: DeviceProfile['vendor']
    readonly name: string
    readonly memoryMib: number | null
    readonly powerCapWatts: number | null
  }): CatalogueMatch
}): ModelFacts {
  const chips = new Map(catalogue.chips.map((chip) => [`${chip.vendor} ${chip.model}`, chip]))
  const idle = new Map<string, number>()
  for (const { vendor, namePrinted, idlePowerWattsMax } of catalogue.idleBaselines) {
    if (idlePowerWattsMax === null) continue
    const key = `${vendor} ${namePrinted}`
    idle.set(key, Math.max(idle.get(key) ?? 0, idlePowerWattsMax))
  }
  return {
    match: ({ vendor, name, memoryTotalMib, powerCapWatts }) =>
      catalogue.match({ vendor, name, memoryMib: memoryTotalMib, powerCapWatts }),
    chipOf: ({ vendor, model }) => chips.get(`${vendor} ${model}`) ?? null,
    idleWattsMax: ({ vendor, name }) => idle.get(`${vendor} ${name}`) ?? null,
  }
}

interface Broken {
  readonly rule: ImplausibleRule
  readonly figures: ImplausibleFigures
}

type CardFacts = {
  readonly tdpWatts: number | null
  readonly memoryMib: number | null
  readonly listedUnits: number
  readonly idleWattsMax: number | null
}

/** Takes the cards of one hour, in any order, and answers what was broken in it. */
export class HourJudge {
  readonly #facts: ModelFacts
  readonly #hourMs: number
  readonly #nowMs: number
  /** Of cards in use: what they told, and who told it first. */
  readonly #told = new Map<string, HourReading>()
  readonly #cards = new Map<HourReading['nodeId'], number>()
  /** Profiles repeat: a country has hundreds. */
  readonly #known = new Map<string, CardFacts>()

  constructor(facts: ModelFacts, hourMs: number, nowMs: number) {
    this.#facts = facts
    this.#hourMs = hourMs
    this.#nowMs = nowMs
  }

  take(readings: readonly HourReading[]): readonly ImplausibleHour[] {
    return readings.flatMap((reading) => {
      const card = this.#cardOf(reading.profile)
      const before = this.#cards.get(reading.nodeId) ?? 0
      this.#cards.set(reading.nodeId, before + 1 / card.listedUnits)
      const own = brokenBy(reading, card).map((one) => this.#hourOf(one, reading))
      return [...own, ...this.#copiesOf(reading)]
    })
  }

  /** Once all cards were taken: what whole nodes have broken. */
  finish(): readonly ImplausibleHour[] {
    return [...this.#cards].flatMap(([nodeId, cards]) => {
      if (cards <= NODE_CARDS_MAX) return []
      const figures = { cards: Math.ceil(cards), cards_max: NODE_CARDS_MAX }
      return [this.#row({ rule: 'too_many_cards', figures }, nodeId, null)]
    })
  }

  /** Both sides of a copy: which of them is the original nobody knows. */
  #copiesOf(reading: HourReading): readonly ImplausibleHour[] {
    if (!isInUse(reading)) return []
    const told = JSON.stringify(toldFigures(reading))
    const first = this.#told.get(told)
    if (first === undefined) {
      this.#told.set(told, reading)
      return []
    }
    if (first.nodeId === reading.nodeId) return []
    return [
      this.#hourOf({ rule: 'copied', figures: copyFigures(first) }, reading),
      this.#hourOf({ rule: 'copied', figures: copyFigures(reading) }, first),
    ]
  }

  #hourOf(broken: Broken, { nodeId, hour }: HourReading): ImplausibleHour {
    return this.#row(broken, nodeId, hour.unitId)
  }

  #row(
    { rule, figures }: Broken,
    nodeId: HourReading['nodeId'],
    unitId: HourReading['hour']['unitId'] | null,
  ): ImplausibleHour {
    const payload = { node_id: nodeId, unit_id: unitId, rule, hour_ms: this.#hourMs, figures }
    const outbox: readonly OutboxEntry[] = [
      { kind: 'implausible_found', atMs: this.#nowMs, payload },
    ]
    return { rule, nodeId, unitId, hourMs: this.#hourMs, figures, outbox }
  }

  #cardOf(profile: DeviceProfile): CardFacts {
    const { vendor, name, memoryTotalMib, powerCapWatts } = profile
    const key = JSON.stringify([vendor, name, memoryTotalMib, powerCapWatts])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const match = this.#facts.match(profile)
    const chip = this.#facts.chipOf(match)
    const card = {
      tdpWatts: chip?.tdpWatts ?? null,
      memoryMib: chip === null || chip.memoryGib === null ? null : chip.memoryGib * 1024,
      listedUnits: match.listedUnits ?? 1,
      idleWattsMax: this.#facts.idleWattsMax(profile),
    }
    this.#known.set(key, card)
    return card
  }
}

function brokenBy(reading: HourReading, card: CardFacts): readonly Broken[] {
  const broken = [
    idleAtPower(reading, card),
    busyAtIdle(reading, card),
    energyAboveCap(reading, card),
    notItsModel(reading, card),
    recording(reading),
  ]
  return broken.filter((one) => one !== null)
}

function idleAtPower(reading: HourReading, card: CardFacts): Broken | null {
  const { freeMs, occupiedMs } = reading.hour
  const watts = meanWatts(reading)
  if (watts === null || freeMs + occupiedMs < NEARLY_HOUR_MS) return null
  const limit = idleLimitWatts(card)
  if (limit === null || watts <= limit) return null
  const figures = { mean_watts: Math.round(watts), watts_max: Math.round(limit) }
  return { rule: 'idle_at_power', figures: { ...figures, quiet_ms: freeMs + occupiedMs } }
}

/** `null`: nothing is known of the model's power. */
function idleLimitWatts({ idleWattsMax, tdpWatts }: CardFacts): number | null {
  if (idleWattsMax !== null) {
    return Math.max(idleWattsMax * IDLE_POWER_FACTOR, idleWattsMax + IDLE_POWER_ABOVE_WATTS)
  }
  // Of the whole board, also where two of its dies are listed: the first may show the power of both.
  return tdpWatts === null ? null : Math.max(IDLE_POWER_WATTS_MIN, tdpWatts * IDLE_POWER_OF_TDP)
}

function busyAtIdle(reading: HourReading, card: CardFacts): Broken | null {
  const { activeMs, samplesUtilization, utilizationSumPermille } = reading.hour
  const watts = meanWatts(reading)
  // Of a board with two dies one may show no power at all.
  if (watts === null || card.listedUnits > 1) return null
  if (activeMs < NEARLY_HOUR_MS || samplesUtilization === 0) return null
  const utilization = utilizationSumPermille / samplesUtilization
  if (utilization < BUSY_UTILIZATION_PERMILLE) return null
  const { idleWattsMax, tdpWatts } = card
  const ofTdp = tdpWatts === null ? null : tdpWatts * BUSY_POWER_OF_TDP
  const limit = idleWattsMax === null ? ofTdp : idleWattsMax * BUSY_POWER_OF_IDLE
  if (limit === null || watts > limit) return null
  const figures = { mean_watts: Math.round(watts), watts_min: Math.round(limit) }
  const mean = { mean_utilization_permille: Math.round(utilization) }
  return { rule: 'busy_at_idle', figures: { ...figures, ...mean } }
}

function energyAboveCap(reading: HourReading, card: CardFacts): Broken | null {
  const watts = meanWatts(reading)
  if (watts === null) return null
  const cap = reading.profile.powerCapWatts
  const ofTdp = card.tdpWatts === null ? null : card.tdpWatts * TDP_FACTOR
  const limit = cap === null ? ofTdp : cap * CAP_FACTOR
  if (limit === null || watts <= limit) return null
  const figures = { mean_watts: Math.round(watts), watts_max: Math.round(limit) }
  return { rule: 'energy_above_cap', figures }
}

function notItsModel({ profile }: HourReading, card: CardFacts): Broken | null {
  const { memoryTotalMib, powerCapWatts } = profile
  if (memoryTotalMib !== null && card.memoryMib !== null) {
    const least = (card.memoryMib / card.listedUnits) * MEMORY_FACTOR_MIN
    const most = card.memoryMib * MEMORY_FACTOR_MAX
    if (memoryTotalMib < least || memoryTotalMib > most) {
      const figures = { memory_mib: memoryTotalMib, model_memory_mib: Math.round(card.memoryMib) }
      return { rule: 'not_its_model', figures }
    }
  }
  if (powerCapWatts === null || card.tdpWatts === null) return null
  if (powerCapWatts <= card.tdpWatts * POWER_CAP_FACTOR_MAX) return null
  const figures = { power_cap_watts: powerCapWatts, model_watts: Math.round(card.tdpWatts) }
  return { rule: 'not_its_model', figures }
}

function recording(reading: HourReading): Broken | null {
  if (reading.repeatsAfterHours === null || !isInUse(reading)) return null
  const { energyJoules, utilizationSumPermille } = reading.hour
  const figures = {
    repeats_after_hours: reading.repeatsAfterHours,
    utilization_sum_permille: utilizationSumPermille,
    ...(energyJoules === null ? {} : { energy_joules: energyJoules }),
  }
  return { rule: 'recording', figures }
}

/**
 * What an empty card tells may honestly stay the same for hours; so may a counter that is stuck,
 * where no energy is told beside it.
 */
function isInUse({ hour }: HourReading): boolean {
  const { energyJoules, samplesUtilization, utilizationMaxPermille, utilizationSumPermille } = hour
  if (utilizationSumPermille === 0 || utilizationMaxPermille === null) return false
  const isOneValue = utilizationSumPermille === utilizationMaxPermille * samplesUtilization
  return energyJoules !== null || !isOneValue
}

/** All figures of the hour: whose card it was, and nothing else, is left out. */
function toldFigures({ hour }: HourReading): readonly (number | null)[] {
  const { hourMs: _hourMs, unitId: _unitId, ...figures } = hour
  return Object.values(figures)
}

function copyFigures({ hour }: HourReading): ImplausibleFigures {
  return { other_unit_id: hour.unitId, utilization_sum_permille: hour.utilizationSumPermille }
}

/** Over the time in which the card was read; `null` where no energy was told, or too little time. */
function meanWatts({ hour }: HourReading): number | null {
  const readMs = bookedMsOf(hour) - hour.unknownMs
  if (hour.energyJoules === null || readMs < NEARLY_HOUR_MS || readMs > HOUR_MS) return null
  return (hour.energyJoules * 1_000) / readMs
}
