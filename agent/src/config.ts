/**
 * The agent's configuration: one table of options (`config/options.ts`), read from a YAML file, the
 * environment and the command line, each stronger than the one before. The only file that reads the
 * environment. It promises a frozen object in base units (ms, bytes); an unknown key, a value out
 * of range or options that contradict each other stop the program with the option's name.
 */
import type { Calendar, LogLevel, NotifyRequest, OptionRow, Vendor } from '@yiben/shared'
import { AppError, notifyRequestOf } from '@yiben/shared'
import {
  HANDOVER_OPTIONS,
  type HandoverConfig,
  handoverConfig,
  handoverContradictions,
} from './config/handover-options.ts'
import {
  KUBERNETES_OPTIONS,
  kubernetesContradictions,
  kubernetesOwnerOptions,
} from './config/kubernetes-options.ts'
import type { Option } from './config/options.ts'
import { environmentName, OPTIONS } from './config/options.ts'
import { OptionReader } from './config/reader.ts'
import { SLURM_OPTIONS, slurmContradictions, slurmOwnerOptions } from './config/slurm-options.ts'
import type { KubernetesOwnerOptions } from './owners/kubernetes.ts'
import type { OwnerConfig } from './owners/registry.ts'
import type { SlurmOwnerOptions } from './owners/slurm.ts'
import type { ApprovedBaseline } from './verdict/baseline.ts'

export interface AgentConfig {
  readonly collector: {
    /** `null`: not configured; what `enroll` was told holds. */
    readonly url: string | null
    readonly caFile: string | null
    /** Both or neither. */
    readonly certFile: string | null
    readonly keyFile: string | null
    readonly allowsPlain: boolean
    readonly proxyUrl: string | null
    readonly retryMsMax: number
  }
  readonly stateDir: string
  readonly runDir: string
  readonly logLevel: LogLevel
  readonly samplePeriodMs: number
  readonly tickMs: number
  readonly heartbeatMs: number
  readonly owner: OwnerConfig
  readonly deposit: {
    readonly enabled: boolean
    readonly calendar: Calendar | null
    readonly keepCardsPerNode: number
    readonly minFreeMs: number
    readonly maxLeaseMs: number
  }
  readonly handover: HandoverConfig
  readonly probes: {
    /** `null`: every vendor. */
    readonly only: readonly Vendor[] | null
    readonly skip: readonly Vendor[]
    readonly deadlineMs: number
    /** Of one core, per vendor. */
    readonly coreShareMax: number
    readonly nvmlLibrary: string | null
    readonly toolPath: readonly string[]
    readonly rootPrefix: string
  }
  readonly spool: {
    readonly bytesMax: number
    readonly ageMsMax: number
    /** Acknowledged records are kept this long. */
    readonly retainMs: number
  }
  /** Idle baselines the site has approved. */
  readonly baselines: readonly ApprovedBaseline[]
}

export interface ConfigSources {
  /** `null`: no file; defaults, environment and flags only. */
  readonly file: string | null
  /** Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** From the command line, by option name (`state_dir`); the strongest source. */
  readonly flags?: Readonly<Record<string, string | undefined>>
}

const ALL_OPTIONS: readonly Option<unknown>[] = [
  OPTIONS,
  HANDOVER_OPTIONS,
  KUBERNETES_OPTIONS,
  SLURM_OPTIONS,
].flatMap((group): Option<unknown>[] => Object.values(group))

/** Throws `config_unreadable` or `config_invalid`; the message names every option at fault. */
export function loadConfig(sources: ConfigSources): AgentConfig {
  const reader = new OptionReader(ALL_OPTIONS)
  if (sources.file !== null) reader.addFile(sources.file)
  reader.addEnvironment(sources.environment ?? process.env)
  reader.addFlags(sources.flags ?? {})
  const { ownerParts, ...config } = assemble((option) => reader.get(option))
  refuseIf(reader.problems)
  refuseIf(contradictions({ ...config, ownerParts }, reader))
  return deepFreeze({ ...config, owner: ownerOf(ownerParts) })
}

/** What systemd asks of this process by its environment. */
export function readNotifyRequest(): NotifyRequest | null {
  return notifyRequestOf(process.env, process.pid)
}

/** The options as a table, for `--help` and the README. */
export function optionTable(): readonly OptionRow[] {
  return ALL_OPTIONS.map((option) => ({
    name: option.name,
    environment: environmentName(option),
    unit: option.unit,
    default: option.defaultText,
    range: option.range,
    sentence: option.sentence,
    secret: option.isSecret,
  }))
}

type Get = <T>(option: Option<T>) => T

/** The owner as configured, before its parts are known to fit together. */
interface OwnerParts {
  readonly kind: OwnerConfig['kind']
  readonly calendar: Calendar | null
  readonly toBank: boolean
  readonly kubernetes: KubernetesOwnerOptions
  /** `null`: the one option it needs is not set. */
  readonly slurm: SlurmOwnerOptions | null
}

interface Assembled extends Omit<AgentConfig, 'owner'> {
  readonly ownerParts: OwnerParts
}

function assemble(get: Get): Assembled {
  const kubernetes = kubernetesOwnerOptions(get)
  const slurm = slurmOwnerOptions(get)
  return {
    collector: {
      url: get(OPTIONS.collectorUrl),
      caFile: get(OPTIONS.collectorCaFile),
      certFile: get(OPTIONS.collectorCertFile),
      keyFile: get(OPTIONS.collectorKeyFile),
      allowsPlain: get(OPTIONS.collectorAllowPlain),
      proxyUrl: get(OPTIONS.collectorProxyUrl),
      retryMsMax: get(OPTIONS.collectorRetryMax),
    },
    stateDir: get(OPTIONS.stateDir),
    runDir: get(OPTIONS.runDir),
    logLevel: get(OPTIONS.logLevel),
    samplePeriodMs: get(OPTIONS.samplePeriod),
    tickMs: get(OPTIONS.tick),
    heartbeatMs: get(OPTIONS.heartbeat),
    ownerParts: {
      kind: get(OPTIONS.ownerKind),
      calendar: get(OPTIONS.ownerCalendar),
      toBank: get(OPTIONS.ownerToBank),
      kubernetes,
      slurm,
    },
    deposit: {
      enabled: get(OPTIONS.depositEnabled),
      calendar: get(OPTIONS.depositCalendar),
      keepCardsPerNode: get(OPTIONS.depositKeepCards),
      minFreeMs: get(OPTIONS.depositMinFree),
      maxLeaseMs: get(OPTIONS.depositMaxLease),
    },
    handover: handoverConfig(get, { kubernetes, slurm }),
    probes: {
      only: get(OPTIONS.probesOnly),
      skip: get(OPTIONS.probesSkip),
      deadlineMs: get(OPTIONS.probesDeadline),
      coreShareMax: get(OPTIONS.probesCorePercent) / 100,
      nvmlLibrary: get(OPTIONS.probesNvmlLibrary),
      toolPath: get(OPTIONS.probesToolPath),
      rootPrefix: get(OPTIONS.probesRootPrefix),
    },
    spool: {
      bytesMax: get(OPTIONS.spoolSize),
      ageMsMax: get(OPTIONS.spoolAge),
      retainMs: get(OPTIONS.spoolRetain),
    },
    baselines: get(OPTIONS.baselines),
  }
}

interface Contradiction {
  readonly holds: boolean
  readonly sentence: string
}

/** Options that are right one by one and make no sense together. */
function contradictions(config: Assembled, reader: OptionReader): string[] {
  const { ownerParts, deposit, probes } = config
  const both = probes.skip.find((vendor) => probes.only?.includes(vendor))
  const isSet = (option: Option<unknown>) =>
    reader.has(option) && reader.get(option) !== option.default
  const table: readonly Contradiction[] = [
    {
      holds: ownerParts.kind === 'contract' && ownerParts.calendar === null,
      sentence:
        'owner.kind is "contract", so owner.calendar must say when the cards are given away',
    },
    {
      holds: ownerParts.kind !== 'contract' && reader.has(OPTIONS.ownerCalendar),
      sentence: `owner.calendar is for owner.kind "contract", which is "${ownerParts.kind}"`,
    },
    {
      holds: ownerParts.kind !== 'contract' && ownerParts.toBank,
      sentence: `owner.to_bank is for owner.kind "contract", which is "${ownerParts.kind}"`,
    },
    {
      holds: deposit.enabled && ownerParts.kind === 'unstated',
      sentence:
        'deposit.enabled needs owner.kind: nothing is deposited while nobody states an owner',
    },
    {
      holds: deposit.enabled && deposit.calendar === null,
      sentence: 'deposit.enabled needs deposit.calendar ("always" is allowed)',
    },
    {
      holds: (config.collector.certFile === null) !== (config.collector.keyFile === null),
      sentence: 'collector.cert_file and collector.key_file need each other',
    },
    {
      holds: config.tickMs < config.samplePeriodMs,
      sentence: 'tick is shorter than sample_period',
    },
    {
      holds: both !== undefined,
      sentence: `probes.only and probes.skip both name ${both}`,
    },
  ]
  return [
    ...table.filter((row) => row.holds).map((row) => row.sentence),
    ...kubernetesContradictions(ownerParts.kind, isSet),
    ...slurmContradictions(ownerParts.kind, ownerParts.slurm, isSet),
    ...handoverContradictions(config.handover, ownerParts.kind, ownerParts, isSet),
  ]
}

function ownerOf({ kind, calendar, toBank, kubernetes, slurm }: OwnerParts): OwnerConfig {
  if (kind === 'kubernetes') return { kind, ...kubernetes }
  // `contradictions` has refused one without a file.
  if (kind === 'slurm') return slurm === null ? { kind: 'unstated' } : { kind, ...slurm }
  if (kind !== 'contract') return { kind }
  // `contradictions` has refused a contract without a calendar.
  return calendar === null ? { kind: 'unstated' } : { kind, calendar, toBank }
}

function refuseIf(problems: readonly string[]): void {
  if (problems.length === 0) return
  throw new AppError('config_invalid', `The configuration is refused: ${problems.join('; ')}.`, {
    fields: { problems },
  })
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
