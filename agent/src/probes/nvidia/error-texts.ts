/**
 * What nvidia-smi prints instead of an answer. The texts come on the data stream, mostly with a
 * non-zero exit code; one dead card may stand alone or beside good rows of the others.
 */
import type { FaultyCause } from '@yiben/shared'
import type { CardFailure } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { toolLines } from '../formats/tool-lines.ts'
import type { FailureText } from '../refusal.ts'
import type { NvidiaProblem } from './devices.ts'

const ERROR_TEXTS: readonly FailureText[] = [
  {
    pattern: /couldn't communicate with the NVIDIA driver/i,
    class: 'driver_not_loaded',
    code: 'tool_failed',
    advice: 'The kernel module is not loaded: install or load the driver.',
  },
  {
    pattern: /Driver\/library version mismatch/i,
    class: 'driver_library_mismatch',
    code: 'tool_failed',
    advice: 'The driver package was upgraded while the old module is loaded: reboot the node.',
  },
  {
    pattern: /Failed to initialize NVML: (?:Insufficient|No) Permission/i,
    class: 'no_permission',
    code: 'permission_denied',
    advice: 'Let the agent read /dev/nvidia*.',
  },
  {
    pattern: /Failed to initialize NVML: Driver Not Loaded/i,
    class: 'driver_not_loaded',
    code: 'tool_failed',
    advice: 'The kernel module is not loaded: install or load the driver.',
  },
  {
    pattern: /Failed to initialize NVML: Unknown Error/i,
    class: 'nvml_unknown_error',
    code: 'tool_failed',
    advice: 'Typical of a container that lost its devices: run the agent on the host.',
  },
  {
    pattern: /Failed to initialize NVML/i,
    class: 'nvml_failed',
    code: 'tool_failed',
    advice: 'Check the driver installation.',
  },
  {
    pattern: /No devices were found/i,
    class: 'no_devices',
    code: 'tool_failed',
    advice: 'The driver sees no usable GPU: compare with the PCI bus.',
  },
  {
    pattern: /is not a valid field to query/i,
    class: 'unknown_field',
    code: 'tool_failed',
    advice: 'This driver does not know one of the fields asked for.',
  },
  {
    pattern: /GPU is lost|fallen off the bus/i,
    class: 'gpu_lost',
    code: 'tool_failed',
    advice: 'The card has fallen off the bus: reboot the node.',
  },
  {
    pattern: /Unable to determine the device handle for GPU/i,
    class: 'gpu_unreachable',
    code: 'tool_failed',
    advice: 'The card does not answer: look for an Xid in the kernel log.',
  },
]

/** One line that reports one card, with the address as printed (which may be malformed). */
const DEVICE_HANDLE = /device handle for GPU\s*([0-9a-fA-F:.]+?):? /

/** Every error the text tells, in printed order. Empty where it tells none. */
export function nvidiaErrors(text: string): NvidiaProblem[] {
  const problems: NvidiaProblem[] = []
  for (const line of toolLines(text)) {
    const row = ERROR_TEXTS.find(({ pattern }) => pattern.test(line))
    if (row === undefined) continue
    const printed = DEVICE_HANDLE.exec(line)?.[1] ?? null
    problems.push({
      class: row.class,
      code: row.code,
      pci: normalisePciAddress(printed) ?? printed,
      text: line.trim(),
    })
  }
  return problems
}

export function errorAdvice(problem: NvidiaProblem): string {
  return ERROR_TEXTS.find((row) => row.class === problem.class)?.advice ?? ''
}

/** An error that stands alone. `NVML library version: 535.288` follows a version mismatch. */
export function nvidiaFailure(problem: NvidiaProblem, text: string): CardFailure {
  const { pci, ...told } = problem
  const library = /NVML library version:\s*(\S+)/.exec(text)?.[1]
  return {
    failure: {
      ...told,
      advice: errorAdvice(problem),
      facts: {
        ...(pci === null ? {} : { pci }),
        ...(library === undefined ? {} : { nvml_library_version: library }),
      },
    },
  }
}

/** Words in place of a figure that mean more than "not told": the card itself is unwell. */
const HEALTH_WORDS: readonly { readonly pattern: RegExp; readonly cause: FaultyCause }[] = [
  { pattern: /requires reset/i, cause: 'reset_required' },
  { pattern: /gpu is lost/i, cause: 'fallen_off_bus' },
]

export function healthCauseOfWord(word: string): FaultyCause | null {
  return HEALTH_WORDS.find(({ pattern }) => pattern.test(word))?.cause ?? null
}
