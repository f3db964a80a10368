/**
 * One row of a rollup: figures per model, P·h over models, rates with bounds, the definitions of
 * idleness that are in use elsewhere, and energy. All exact on integers until it is written out.
 */
import { z } from 'zod'
import { petaflopHoursText } from '../../catalogue/petaflops.ts'
import {
  BUCKET_FIGURES,
  type BucketFigure,
  type CountFigure,
  STATE_FIGURES,
  TIME_FIGURES,
  type TimeFigure,
} from '../../rollup/bucket-figures.ts'
import { isRanked } from '../../rollup/definitions.ts'
import type { ActiveEnergy, BucketSums, ModelSums } from '../../rollup/sums.ts'
import { amountOut, decimalOut, instantOut, ratioOut } from '../schemas.ts'
import { rateOf, rateSchema, ratio } from './rates.ts'

const JOULES_PER_KWH = 3_600_000n
/** Nano-TFLOPS × ms per joule that are 1 P·h per kWh. */
const WEIGHTED_PER_JOULE = 10n ** 12n

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
/** Figures as they are named in answers, in their order. */
export const FIGURE_NAMES: ReadonlyMap<BucketFigure, string> = new Map(
  BUCKET_FIGURES.map((figure) => [figure, snake(figure)]),
)
const P_HOUR_NAMES: ReadonlyMap<TimeFigure, string> = new Map(
  TIME_FIGURES.map((figure) => [figure, snake(figure).replace(/_ms$/, '_ph')]),
)

const comparisonSchema = z
  .object({
    utilization_zero: z
      .object({ share: ratioOut, of: z.literal('samples_got') })
      .meta({ description: 'samples with a utilization of exactly 0, of the samples got' }),
    utilization_below_tenth: z
      .object({ share: ratioOut, of: z.literal('samples_got') })
      .meta({ description: 'samples with a utilization below 10 %, those at 0 among them' }),
    allocated_idle: z.object({ share: ratioOut, of: z.enum(['given_ms', 'given_ph']) }).meta({
      description:
        'time given away by a scheduler or a contract in which the card was quiet (allocated), of all ' +
        'time given away; by card time per model, by P·h over models. What was quiet within a lease ' +
        'is lent time and not in it',
    }),
  })
  .meta({
    description:
      'definitions of idleness in use elsewhere, beside ours: for comparison with published figures. ' +
      'A card whose tool tells no utilization has samples, but none at 0 or below 10 %',
  })

/** What a model and a row have alike. */
const measuresSchema = z.object({
  busy_rate: rateSchema,
  allocation_rate: rateSchema,
  coverage: ratioOut,
  comparison: comparisonSchema,
  energy_joules: amountOut.nullable().meta({
    description:
      'energy as far as it was read, exact; null where none was. For how much of the time it was ' +
      'read is not kept: spans without a power reading add nothing',
  }),
  energy_kwh: decimalOut.nullable().meta({ description: 'energy_joules / 3,600,000, rounded' }),
  p_hours_per_kwh: decimalOut.nullable().meta({
    description:
      'active P·h (utilization of 5 % or more) per kWh read, of rated cards; too high where energy ' +
      'was read for a part of the time only',
  }),
  ranked: z.boolean().meta({
    description: 'coverage is at least 0.9; below that a rate is shown and not ranked',
  }),
})

const modelSchema = measuresSchema.extend({
  model: z.string(),
  figures: z.record(z.string(), amountOut),
})

export const rowSchema = measuresSchema.extend({
  from: instantOut,
  to: instantOut,
  key: z.string().nullable(),
  hours_sealed: z.number().int(),
  hours_total: z.number().int(),
  models: z.array(modelSchema).meta({ description: 'empty where `models=false` was asked' }),
  p_hours: z.record(z.string(), z.string()),
  utilization_coverage: ratioOut,
})

/** The measures of a row, without its span and key; models are a list of none where not wanted. */
export function measuresOfRow(sums: BucketSums, withModels: boolean) {
  const { samplesGot, samplesExpected } = sums.counts
  return {
    models: withModels ? sums.byModel.map(modelRow) : [],
    p_hours: pHoursOf(sums.weighted),
    ...measuresOf(sums.weighted, sums.counts, sums.work, 'given_ph'),
    utilization_coverage: ratio(samplesGot, samplesExpected),
  }
}

function modelRow({ model, figures, work }: ModelSums) {
  const named: Record<string, string> = {}
  for (const [figure, name] of FIGURE_NAMES) named[name] = String(figures[figure])
  return {
    model,
    figures: named,
    ...measuresOf(figures, figures, work, 'given_ms'),
  }
}

function measuresOf(
  time: Readonly<Record<TimeFigure, bigint>>,
  counts: Readonly<Record<CountFigure, bigint>>,
  work: ActiveEnergy,
  given: 'given_ms' | 'given_ph',
): z.infer<typeof measuresSchema> {
  const all = STATE_FIGURES.reduce((sum, state) => sum + time[state], 0n)
  const { activeMs, allocatedMs, givenMs, unknownMs } = time
  const { energyJoules, samplesBelowTenth, samplesGot, samplesZero } = counts
  // No card runs on nothing: a sum of 0 J says that power was not read.
  const isRead = energyJoules > 0n
  return {
    busy_rate: rateOf(activeMs, all, unknownMs),
    allocation_rate: rateOf(givenMs, all, unknownMs),
    coverage: ratio(all - unknownMs, all),
    comparison: {
      utilization_zero: { share: ratio(samplesZero, samplesGot), of: 'samples_got' },
      utilization_below_tenth: { share: ratio(samplesBelowTenth, samplesGot), of: 'samples_got' },
      allocated_idle: { share: ratio(allocatedMs, givenMs), of: given },
    },
    energy_joules: isRead ? String(energyJoules) : null,
    energy_kwh: isRead ? thousandthsText(energyJoules, JOULES_PER_KWH) : null,
    p_hours_per_kwh:
      work.ratedJoules > 0n
        ? thousandthsText(work.weightedActive, work.ratedJoules * WEIGHTED_PER_JOULE)
        : null,
    ranked: isRanked(all, unknownMs),
  }
}

/** A quotient with three decimals, rounded half up: for people, never for sums. */
function thousandthsText(part: bigint, whole: bigint): string {
  const thousandths = (part * 1000n + whole / 2n) / whole
  return `${thousandths / 1000n}.${(thousandths % 1000n).toString().padStart(3, '0')}`
}

function pHoursOf(weighted: BucketSums['weighted']): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [figure, name] of P_HOUR_NAMES) texts[name] = petaflopHoursText(weighted[figure])
  return texts
}
