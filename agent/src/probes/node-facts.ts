/**
 * What the node itself is, through systeminformation: asked at start and once a day, never in the
 * sampling loop. The package runs small system tools; each question has its own deadline, and one
 * without an answer is `null`.
 */
import { type Clock, errorSentence, type Logger } from '@yiben/shared'

const QUESTION_DEADLINE_MS = 10_000
const BYTES_PER_MIB = 1024 * 1024

export interface HostFacts {
  readonly operatingSystem: string | null
  readonly kernel: string | null
  readonly architecture: string | null
  readonly cpuModel: string | null
  /** Physical cores. */
  readonly cpuCores: number | null
  readonly memoryTotalMib: number | null
  /** `none`, `kvm`, `docker` … */
  readonly virtualization: string | null
}

export interface HostFactsOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly deadlineMs?: number
}

export async function readHostFacts(options: HostFactsOptions): Promise<HostFacts> {
  const { default: si } = await import('systeminformation')
  const [cpu, memory, os, system] = await Promise.all([
    ask(options, 'cpu', () => si.cpu()),
    ask(options, 'memory', () => si.mem()),
    ask(options, 'operating system', () => si.osInfo()),
    ask(options, 'system', () => si.system()),
  ])
  return {
    operatingSystem: text([os?.distro, os?.release].filter(isTold).join(' ')),
    kernel: text(os?.kernel),
    architecture: text(os?.arch),
    cpuModel: text([cpu?.manufacturer, cpu?.brand].filter(isTold).join(' ')),
    cpuCores: positive(cpu?.physicalCores) ?? positive(cpu?.cores),
    memoryTotalMib: memory === null ? null : positive(Math.round(memory.total / BYTES_PER_MIB)),
    virtualization: system === null ? null : virtualizationOf(system),
  }
}

async function ask<T>(
  { clock, log, deadlineMs = QUESTION_DEADLINE_MS }: HostFactsOptions,
  what: string,
  question: () => Promise<T>,
): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = clock.after(deadlineMs, () => {
      log.warn({ what, deadlineMs }, 'a fact about the node could not be read in time')
      resolve(null)
    })
    question().then(
      (answer) => {
        timer.cancel()
        resolve(answer)
      },
      (error: unknown) => {
        timer.cancel()
        log.warn({ what, reason: errorSentence(error) }, 'a fact about the node could not be read')
        resolve(null)
      },
    )
  })
}

function virtualizationOf(system: { readonly virtual: boolean; readonly virtualHost?: string }) {
  if (!system.virtual) return 'none'
  return text(system.virtualHost?.toLowerCase()) ?? 'unnamed'
}

/** The package puts these where it knows nothing. */
function isTold(value: string | undefined): value is string {
  return value !== undefined && !/^(?:|unknown|default string|not specified)$/i.test(value.trim())
}

function text(value: string | undefined): string | null {
  return isTold(value) ? value.trim() : null
}

function positive(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : null
}
