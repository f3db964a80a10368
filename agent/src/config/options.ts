/**
 * Every option of the agent: name, unit, default, range, one sentence. `--help`, the README's table
 * and the parsing are made from this one table; adding an option is one row here and its place in
 * `AgentConfig`.
 */
import type { Calendar, LogLevel, Vendor } from '@yiben/shared'
import { LOG_LEVELS } from '@yiben/shared'
import type { ApprovedBaseline } from '../verdict/baseline.ts'
import type { Range } from './quantities.ts'
import type { Schema } from './schemas.ts'
import {
  baselines,
  calendar,
  duration,
  integer,
  listOf,
  oneOf,
  prefix,
  size,
  text,
  url,
  vendor,
  yesOrNo,
} from './schemas.ts'

export interface Option<T> {
  /** As written in the file; dots are levels. */
  readonly name: string
  readonly unit: string
  readonly default: T
  /** The default as a person writes it. */
  readonly defaultText: string
  readonly range: string
  readonly sentence: string
  readonly isSecret: boolean
  readonly schema: Schema<T>
  /** In the environment and on the command line the value is taken as it stands, else as YAML. */
  readonly isText: boolean
}

type Words = Pick<Option<unknown>, 'name' | 'sentence'>

const DEFAULTS_MS = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `count` and `unit` make both the value and the text of the default. */
export function durationOption(
  words: Words,
  count: number,
  unit: keyof typeof DEFAULTS_MS,
  range: Range,
): Option<number> {
  return {
    ...words,
    unit: 'duration',
    default: count * DEFAULTS_MS[unit],
    defaultText: `${count}${unit}`,
    range: `${range.min} to ${range.max}`,
    isSecret: false,
    schema: duration(range),
    isText: true,
  }
}

export function textOption<T extends string | null>(
  words: Words,
  defaultValue: T,
  schema: Schema<string>,
  rules: { readonly unit: string; readonly range: string; readonly isSecret?: boolean },
): Option<T | string> {
  return {
    ...words,
    unit: rules.unit,
    default: defaultValue,
    defaultText: defaultValue === null || defaultValue === '' ? 'none' : defaultValue,
    range: rules.range,
    isSecret: rules.isSecret ?? false,
    schema,
    isText: true,
  }
}

export function yamlOption<T>(
  words: Words,
  defaultValue: T,
  schema: Schema<T>,
  rules: { readonly unit: string; readonly range: string; readonly defaultText?: string },
): Option<T> {
  return {
    ...words,
    unit: rules.unit,
    default: defaultValue,
    defaultText: rules.defaultText ?? 'none',
    range: rules.range,
    isSecret: false,
    schema,
    isText: false,
  }
}

const OWNER_KINDS_CONFIGURED = ['unstated', 'none', 'contract', 'kubernetes', 'slurm'] as const
export type OwnerKindConfigured = (typeof OWNER_KINDS_CONFIGURED)[number]

const PATH = { unit: 'path', range: '-' } as const
const CALENDAR = {
  unit: 'calendar',
  range: '"always", or time_zone, weekly, holidays, workdays, exceptions',
} as const
const VENDOR_LIST = { unit: 'list of vendors', range: 'known vendors' } as const

export const OPTIONS = {
  collectorUrl: textOption(
    {
      name: 'collector.url',
      sentence: 'Where the collector is; what "enroll" was told when nothing is set here.',
    },
    null,
    url(['wss', 'ws', 'https', 'http']),
    { unit: 'URL', range: 'wss, ws, https, http' },
  ),
  collectorCaFile: textOption(
    {
      name: 'collector.ca_file',
      sentence: "PEM file of the authority that signed the collector's certificate.",
    },
    null,
    text,
    PATH,
  ),
  collectorCertFile: textOption(
    {
      name: 'collector.cert_file',
      sentence: 'PEM file of the certificate this node shows, where the collector asks for one.',
    },
    null,
    text,
    PATH,
  ),
  collectorKeyFile: textOption(
    { name: 'collector.key_file', sentence: 'PEM file of the key of collector.cert_file.' },
    null,
    text,
    PATH,
  ),
  collectorAllowPlain: yamlOption(
    {
      name: 'collector.allow_plain',
      sentence: 'Reaches a collector on another machine without TLS too: others can read along.',
    },
    false,
    yesOrNo,
    { unit: 'yes or no', range: 'true, false', defaultText: 'false' },
  ),
  collectorProxyUrl: textOption(
    {
      name: 'collector.proxy_url',
      sentence: 'HTTP proxy to reach the collector through, by CONNECT.',
    },
    null,
    url(['http']),
    { unit: 'URL', range: 'http', isSecret: true },
  ),
  collectorRetryMax: durationOption(
    {
      name: 'collector.retry_max',
      sentence: 'Longest wait between two attempts to reach the collector.',
    },
    30,
    's',
    { min: '1s', max: '10min' },
  ),
  stateDir: textOption(
    { name: 'state_dir', sentence: "The node's key, its epoch and its spool." },
    '/var/lib/yiben-agent',
    text,
    PATH,
  ),
  runDir: textOption(
    { name: 'run_dir', sentence: 'The local control socket and leases.json.' },
    '/run/yiben',
    text,
    PATH,
  ),
  logLevel: {
    name: 'log_level',
    sentence: 'How much is logged to standard error.',
    unit: 'word',
    default: 'info',
    defaultText: 'info',
    range: LOG_LEVELS.join(', '),
    isSecret: false,
    schema: oneOf(LOG_LEVELS),
    isText: true,
  } satisfies Option<LogLevel> as Option<LogLevel>,
  samplePeriod: durationOption(
    { name: 'sample_period', sentence: 'Time between two samples of a card.' },
    10,
    's',
    { min: '1s', max: '60s' },
  ),
  tick: durationOption({ name: 'tick', sentence: 'Time put into one record.' }, 60, 's', {
    min: '1s',
    max: '10min',
  }),
  heartbeat: durationOption(
    { name: 'heartbeat', sentence: 'Time between two heartbeats on the link.' },
    10,
    's',
    { min: '1s', max: '30s' },
  ),
  ownerKind: {
    name: 'owner.kind',
    sentence:
      'Who gives the cards away: "none" states that nobody does, "contract" that owner.calendar does, "kubernetes" that the kubelet of this node does, "slurm" that slurmctld does.',
    unit: 'word',
    default: 'unstated',
    defaultText: 'unstated',
    range: OWNER_KINDS_CONFIGURED.join(', '),
    isSecret: false,
    schema: oneOf(OWNER_KINDS_CONFIGURED),
    isText: true,
  } satisfies Option<OwnerKindConfigured> as Option<OwnerKindConfigured>,
  ownerCalendar: yamlOption<Calendar | null>(
    {
      name: 'owner.calendar',
      sentence: 'When the contract gives the cards away; outside it nobody has them.',
    },
    null,
    calendar,
    CALENDAR,
  ),
  ownerToBank: yamlOption(
    { name: 'owner.to_bank', sentence: 'The contract gives the cards to the bank itself.' },
    false,
    yesOrNo,
    { unit: 'yes or no', range: 'true, false', defaultText: 'false' },
  ),
  depositEnabled: yamlOption(
    {
      name: 'deposit.enabled',
      sentence: 'The owner consents that idle cards are deposited into the compute bank.',
    },
    false,
    yesOrNo,
    { unit: 'yes or no', range: 'true, false', defaultText: 'false' },
  ),
  depositCalendar: yamlOption<Calendar | null>(
    {
      name: 'deposit.calendar',
      sentence: 'When cards may be deposited; with owner.kind "none" also when they are nobody\'s.',
    },
    null,
    calendar,
    CALENDAR,
  ),
  depositKeepCards: yamlOption(
    {
      name: 'deposit.keep_cards_per_node',
      sentence: 'Cards of this node that are never offered, whatever is free.',
    },
    0,
    integer(0, 1024),
    { unit: 'cards', range: '0 to 1024', defaultText: '0' },
  ),
  depositMinFree: durationOption(
    {
      name: 'deposit.min_free',
      sentence: 'Time a card must have been proven free before it may be deposited.',
    },
    15,
    'min',
    { min: '1s', max: '24h' },
  ),
  depositMaxLease: durationOption(
    { name: 'deposit.max_lease', sentence: 'The longest lease the owner grants.' },
    24,
    'h',
    { min: '1s', max: '31d' },
  ),
  probesOnly: yamlOption<readonly Vendor[] | null>(
    { name: 'probes.only', sentence: 'Read these vendors and no other.' },
    null,
    listOf(vendor),
    { ...VENDOR_LIST, defaultText: 'every vendor' },
  ),
  probesSkip: yamlOption<readonly Vendor[]>(
    { name: 'probes.skip', sentence: 'Do not read these vendors.' },
    [],
    listOf(vendor),
    VENDOR_LIST,
  ),
  probesDeadline: durationOption(
    { name: 'probes.deadline', sentence: 'Longest wait for one call of a vendor tool.' },
    15,
    's',
    { min: '1s', max: '60s' },
  ),
  probesCorePercent: yamlOption(
    {
      name: 'probes.core_percent',
      sentence: "A vendor's tool that costs more of one core is asked more rarely.",
    },
    2,
    integer(1, 100),
    { unit: '% of a core', range: '1 to 100', defaultText: '2' },
  ),
  probesNvmlLibrary: textOption(
    { name: 'probes.nvml_library', sentence: 'NVML library file, where it has no usual name.' },
    null,
    text,
    PATH,
  ),
  probesToolPath: yamlOption<readonly string[]>(
    {
      name: 'probes.tool_path',
      sentence: 'Folders searched for vendor tools before the usual ones.',
    },
    [],
    listOf(text),
    { unit: 'list of paths', range: '-' },
  ),
  probesRootPrefix: textOption(
    {
      name: 'probes.root_prefix',
      sentence: 'Put before /sys, /proc and /dev, for tests and containers.',
    },
    '',
    prefix,
    PATH,
  ),
  spoolSize: {
    name: 'spool.size_max',
    sentence: 'Disk space for records; when it is full the oldest are dropped, openly.',
    unit: 'size',
    default: 64 * 1024 * 1024,
    defaultText: '64MiB',
    range: '1MiB to 16GiB',
    isSecret: false,
    schema: size({ min: '1MiB', max: '16GiB' }),
    isText: true,
  } satisfies Option<number>,
  spoolAge: durationOption(
    { name: 'spool.age_max', sentence: 'Records not acknowledged are dropped after this time.' },
    7,
    'd',
    { min: '1s', max: '90d' },
  ),
  spoolRetain: durationOption(
    {
      name: 'spool.retain',
      sentence: 'Acknowledged records are kept this long, for a collector that is restored.',
    },
    48,
    'h',
    { min: '1s', max: '30d' },
  ),
  baselines: yamlOption<readonly ApprovedBaseline[]>(
    {
      name: 'baselines',
      sentence: 'Idle baselines the site has approved, one per model and driver.',
    },
    [],
    baselines,
    { unit: 'list of baselines', range: 'at most 1000' },
  ),
} as const

/** `YIBEN_AGENT_SAMPLE_PERIOD` for `sample_period`. */
export const ENVIRONMENT_PREFIX = 'YIBEN_AGENT_'

export function environmentName(option: Pick<Option<unknown>, 'name'>): string {
  return ENVIRONMENT_PREFIX + option.name.replaceAll('.', '_').toUpperCase()
}
