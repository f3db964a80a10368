/**
 * Prometheus text as a test looks at it: families with their help, type and samples. Strict where a
 * scraper is lenient: a family that is told twice, or a sample without a family, is a mistake.
 */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: Sample[]
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g
const PARTS_OF_HISTOGRAM = ['_bucket', '_sum', '_count']

/** By name, in the order of the text. */
export function metricFamilies(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>()
  let help: { readonly name: string; readonly help: string } | null = null
  let family: Family | null = null
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? []
    if (kind === 'HELP') {
      if (families.has(name)) throw new Error(`${name} is told twice`)
      help = { name, help: rest }
    } else if (kind === 'TYPE') {
      if (help?.name !== name) throw new Error(`${name} has no help`)
      family = { ...help, type: rest, samples: [] }
      families.set(name, family)
    } else {
      const sample = sampleOf(line)
      if (family === null || !isOf(family, sample.name)) throw new Error(`no family for: ${line}`)
      family.samples.push(sample)
    }
  }
  return families
}

function sampleOf(line: string): Sample {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? []
  if (name === undefined) throw new Error(`no sample: ${line}`)
  return {
    name,
    labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, key, text]) => [key, text])),
    value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
  }
}

function isOf({ name, type }: Family, sample: string): boolean {
  if (sample === name) return true
  return type === 'histogram' && PARTS_OF_HISTOGRAM.some((part) => sample === `${name}${part}`)
}

/** What `promtool check metrics` would find, and what our own rules ask for; sentences. */
export function metricFaults(families: Iterable<Family>): readonly string[] {
  return [...families].flatMap((family) =>
    RULES.flatMap(({ isBroken, says }) => (isBroken(family) ? [`${family.name} ${says}`] : [])),
  )
}

const LABEL_VALUES_MAX = 400
const OTHER_UNITS =
  /_(milliseconds|ms|minutes|hours|days|kb|mb|gb|kib|mib|gib|percent|kilobytes|megabytes)(_|$)/

const RULES: readonly { isBroken(family: Family): boolean; readonly says: string }[] = [
  {
    says: 'has a name that is not lower case words',
    isBroken: ({ name }) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name),
  },
  { says: 'has no help', isBroken: ({ help }) => help.trim() === '' },
  {
    says: 'has no known type',
    isBroken: ({ type }) => !['counter', 'gauge', 'histogram', 'summary'].includes(type),
  },
  {
    says: 'is a counter whose name does not end in _total',
    isBroken: ({ name, type }) => type === 'counter' && !name.endsWith('_total'),
  },
  {
    says: 'is no counter, but its name ends in _total',
    isBroken: ({ name, type }) => type !== 'counter' && name.endsWith('_total'),
  },
  { says: 'has a unit that is no base unit', isBroken: ({ name }) => OTHER_UNITS.test(name) },
  {
    says: 'is a duration without its unit',
    isBroken: ({ name, type }) => type === 'histogram' && !name.endsWith('_seconds'),
  },
  {
    says: 'has no samples',
    isBroken: ({ name, samples }) => isOurs(name) && samples.length === 0,
  },
  {
    says: 'has samples of different labels',
    isBroken: ({ samples }) =>
      new Set(
        samples.map(({ labels }) =>
          Object.keys(labels)
            .filter((key) => key !== 'le')
            .join(),
        ),
      ).size > 1,
  },
  {
    says: 'tells one sample twice',
    isBroken: ({ samples }) =>
      new Set(samples.map(({ labels, name }) => JSON.stringify([name, labels]))).size <
      samples.length,
  },
  {
    says: 'has more samples than a metric should have',
    isBroken: ({ samples, type }) => type !== 'histogram' && samples.length > LABEL_VALUES_MAX,
  },
  {
    says: 'has a value that is no number',
    isBroken: ({ name, samples }) =>
      isOurs(name) && samples.some(({ value }) => Number.isNaN(value)),
  },
]

/** The library shows what it has not measured yet as NaN, or without samples. */
function isOurs(name: string): boolean {
  return name.startsWith('yiben_')
}
