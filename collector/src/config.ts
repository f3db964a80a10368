/**
 * The collector's configuration: one schema, read from a YAML file, from `YIBEN_COLLECTOR_…` and
 * from the command line, the later winning. Nothing else in the collector reads the environment.
 *
 * Names are dotted (`tls.cert`). Unknown names and contradictions stop the program at start with
 * `config_invalid` and the name of the option. The result is frozen; parts get their slice only.
 */
import { readFileSync } from 'node:fs'
import {
  AppError,
  LOG_LEVELS,
  type LogLevel,
  type NotifyRequest,
  notifyRequestOf,
  type OptionRow,
} from '@yiben/shared'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { ACCESS_OPTIONS, type AccessConfig, accessConfigOf } from './config/access-options.ts'
import { ADAPTER_OPTIONS, type AdapterConfig, adapterConfigOf } from './config/adapter-options.ts'
import {
  choice,
  count,
  duration,
  flag,
  type Option,
  optionalText,
  text,
  timeZone,
} from './config/option-kinds.ts'
import { STORAGE_OPTIONS, type StorageConfig, storageConfigOf } from './config/storage-options.ts'
import { TLS_OPTIONS, type TlsConfig, tlsConfigOf } from './config/tls-options.ts'
import { UPKEEP_OPTIONS, type UpkeepConfig, upkeepConfigOf } from './config/upkeep-options.ts'
import {
  UPSTREAM_OPTIONS,
  type UpstreamConfig,
  upstreamConfigOf,
} from './config/upstream-options.ts'

export interface CollectorConfig {
  readonly dataDir: string
  readonly host: string
  readonly port: number
  /** `null`: plain. */
  readonly tls: TlsConfig | null
  /** How often certificate files and orders to nodes are looked at. */
  readonly lookMs: number
  /** Serves other machines without TLS. */
  readonly allowsPlain: boolean
  /** Civil days and months of reports, where a question names no zone of its own. */
  readonly timeZone: string
  readonly logLevel: LogLevel
  readonly isDemo: boolean
  readonly sealDelayMs: number
  readonly intervals: {
    readonly sequenceMs: number
    readonly depositMs: number
    readonly rollupMs: number
    readonly livenessMs: number
    readonly checkpointMs: number
  }
  /** Verifier keys of witnesses, as C2SP signed-note writes them. */
  readonly witnesses: readonly string[]
  readonly bank: {
    /** A card is watched for so long where it stands before it is deposited. */
    readonly observingMs: number
  }
  readonly liveness: {
    readonly suspendMs: number
    readonly silentMs: number
  }
  readonly access: AccessConfig
  readonly storage: StorageConfig
  readonly upkeep: UpkeepConfig
  readonly upstream: UpstreamConfig
  readonly adapter: AdapterConfig
  readonly limits: {
    readonly connectionsMax: number
    readonly handshakesPerAddressMax: number
    readonly handshakeTimeoutMs: number
    readonly requestsPerMinute: number
    readonly followersMax: number
  }
}

export interface ConfigSources {
  /** `null`: no file, defaults and environment only. */
  readonly file: string | null
  /** Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** From the command line, by option name (`data_dir`); strongest. */
  readonly flags?: Readonly<Record<string, string | undefined>>
}

const ENVIRONMENT_PREFIX = 'YIBEN_COLLECTOR_'
/** A configuration is a page; a file of another kind must not be read into memory. */
const FILE_BYTES_MAX = 256 * 1024

/** Every option there is. Adding one is one line here and its place in `configOf`. */
const OPTIONS = {
  data_dir: text('./.yiben', 'folder of the store and of the identity key'),
  host: text('127.0.0.1', 'address to listen on; other than loopback with TLS (tls.mode)'),
  port: count(7480, [0, 65_535], 'TCP port for agents and for the API; 0 takes a free one'),
  ...TLS_OPTIONS,
  timezone: timeZone('Asia/Shanghai', 'zone of civil days and months in reports'),
  log_level: choice('info', LOG_LEVELS, 'what is written to standard error'),
  demo: flag('marks a new ledger as a demo, in every answer and for ever'),
  seal_delay: duration('2h', ['1s', '7d'], 'an hour is sealed this long after its end'),
  'intervals.sequence': duration('200ms', ['10ms', '1min'], 'how often decisions are numbered'),
  'intervals.deposit': duration('1s', ['10ms', '1min'], 'how often the bank looks for changes'),
  'intervals.rollup': duration('30s', ['10ms', '1h'], 'how often hours that are due are sealed'),
  'intervals.liveness': duration('1s', ['10ms', '1min'], 'how often silent nodes are looked for'),
  'intervals.checkpoint': duration('10s', ['1s', '1h'], 'the journal is signed at most this often'),
  'journal.witnesses': optionalText(
    'verifier keys',
    'witnesses whose cosignatures are taken, separated by commas',
  ),
  'bank.observing': duration(
    '24h',
    ['1s', '30d'],
    'a card is watched this long at its place before it is deposited',
  ),
  'liveness.suspend': duration('30s', ['1s', '1h'], 'unheard this long: no new holds'),
  'liveness.silent': duration('90s', ['1s', '1h'], 'unheard this long: unknown, windows end'),
  'limits.connections': count(19_500, [1, 1_000_000], 'agents connected at once'),
  'limits.handshakes_per_address': count(
    1_000,
    [1, 1_000_000],
    'connections of one address that have not yet proven who they are',
  ),
  'limits.handshake_timeout': duration('10s', ['1s', '5min'], 'from connect to proof'),
  'limits.requests_per_minute': count(1_200, [1, 10_000_000], 'API requests of one address'),
  'limits.followers': count(256, [1, 100_000], 'readers that wait on the change feed at once'),
  ...ACCESS_OPTIONS,
  ...STORAGE_OPTIONS,
  ...UPKEEP_OPTIONS,
  ...UPSTREAM_OPTIONS,
  ...ADAPTER_OPTIONS,
} as const satisfies Readonly<Record<string, Option<unknown>>>

type OptionName = keyof typeof OPTIONS
const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[]

type Shape = { readonly [Name in OptionName]: (typeof OPTIONS)[Name]['schema'] }
type Values = { readonly [Name in OptionName]: z.output<Shape[Name]> }

const SCHEMA: z.ZodType<Values> = z.strictObject(
  Object.fromEntries(OPTION_NAMES.map((name) => [name, OPTIONS[name].schema])),
) as unknown as z.ZodType<Values>

/** What `--help` and the README print. */
export function optionTable(): readonly OptionRow[] {
  return OPTION_NAMES.map((name) => ({
    name,
    environment: environmentName(name),
    unit: OPTIONS[name].unit,
    default: OPTIONS[name].default,
    range: OPTIONS[name].range,
    sentence: OPTIONS[name].sentence,
    secret: name === 'storage.url',
  }))
}

/** Throws `config_invalid` or `config_unreadable`. */
export function loadConfig(sources: ConfigSources): CollectorConfig {
  const given: Record<string, unknown> = {}
  for (const name of OPTION_NAMES) given[name] = OPTIONS[name].default
  if (sources.file !== null) Object.assign(given, readFile(sources.file))
  Object.assign(given, fromEnvironment(sources.env ?? process.env))
  for (const [name, value] of Object.entries(sources.flags ?? {})) {
    if (value !== undefined) given[name] = value
  }
  const parsed = SCHEMA.safeParse(given)
  if (!parsed.success) throw configInvalid(parsed.error)
  return configOf(parsed.data)
}

/** What systemd asks of this process by its environment. */
export function readNotifyRequest(): NotifyRequest | null {
  return notifyRequestOf(process.env, process.pid)
}

function configOf(values: Values): CollectorConfig {
  const tls = tlsConfigOf(values, values.host)
  const config: CollectorConfig = {
    dataDir: values.data_dir,
    host: values.host,
    port: values.port,
    tls,
    lookMs: values['tls.look'],
    allowsPlain: values.allow_plain,
    timeZone: values.timezone,
    logLevel: values.log_level,
    isDemo: values.demo,
    sealDelayMs: values.seal_delay,
    intervals: Object.freeze({
      sequenceMs: values['intervals.sequence'],
      depositMs: values['intervals.deposit'],
      rollupMs: values['intervals.rollup'],
      livenessMs: values['intervals.liveness'],
      checkpointMs: values['intervals.checkpoint'],
    }),
    witnesses: values['journal.witnesses'].split(/[\s,]+/).filter((key) => key !== ''),
    bank: Object.freeze({ observingMs: values['bank.observing'] }),
    liveness: Object.freeze({
      suspendMs: values['liveness.suspend'],
      silentMs: values['liveness.silent'],
    }),
    access: accessConfigOf(values, tls !== null),
    storage: storageConfigOf(values),
    upkeep: upkeepConfigOf(values),
    upstream: upstreamConfigOf(values),
    adapter: adapterConfigOf(values),
    limits: Object.freeze({
      connectionsMax: values['limits.connections'],
      handshakesPerAddressMax: values['limits.handshakes_per_address'],
      handshakeTimeoutMs: values['limits.handshake_timeout'],
      requestsPerMinute: values['limits.requests_per_minute'],
      followersMax: values['limits.followers'],
    }),
  }
  refuseContradictions(config)
  return Object.freeze(config)
}

function refuseContradictions(config: CollectorConfig): void {
  if (config.liveness.suspendMs > config.liveness.silentMs) {
    throw new AppError('config_invalid', 'liveness.suspend must not be longer than liveness.silent')
  }
}

function configInvalid(error: z.ZodError): AppError {
  const [issue] = error.issues
  if (issue?.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys
    return new AppError('config_invalid', `${name} is not an option; --help lists them all`)
  }
  const name = issue?.path.join('.') ?? ''
  return new AppError('config_invalid', `${name} ${issue?.message ?? 'is wrong'}`)
}

function readFile(file: string): Record<string, unknown> {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    const sentence = `the configuration file ${file} cannot be read`
    throw new AppError('config_unreadable', sentence, { cause: error })
  }
  if (content.length > FILE_BYTES_MAX) {
    throw new AppError('config_unreadable', `${file} is no configuration: it is too large`)
  }
  let parsed: unknown
  try {
    parsed = parseYaml(content, { uniqueKeys: true, maxAliasCount: 0 })
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : '').split('\n')
    throw new AppError('config_invalid', `${file} is no YAML: ${line}`, { cause: error })
  }
  if (parsed === null || parsed === undefined) return {}
  if (!isSection(parsed)) {
    throw new AppError('config_invalid', `${file} must hold names and values`)
  }
  return flatten(parsed, '')
}

/** `{tls: {cert: x}}` and `{'tls.cert': x}` mean the same; lists are values, not sections. */
function flatten(section: Readonly<Record<string, unknown>>, prefix: string) {
  const flat: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(section)) {
    const name = `${prefix}${key}`
    if (isSection(value)) Object.assign(flat, flatten(value, `${name}.`))
    else flat[name] = value
  }
  return flat
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function environmentName(name: string): string {
  return `${ENVIRONMENT_PREFIX}${name.toUpperCase().replaceAll('.', '_')}`
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>) {
  const names = new Map(OPTION_NAMES.map((name) => [environmentName(name), name]))
  const found: Record<string, string> = {}
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || value === undefined) continue
    // The command line reads it in place of `--config`.
    if (variable === `${ENVIRONMENT_PREFIX}CONFIG`) continue
    const name = names.get(variable)
    if (name === undefined) {
      throw new AppError('config_invalid', `${variable} in the environment names no option`)
    }
    found[name] = value
  }
  return found
}
