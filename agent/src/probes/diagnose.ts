/**
 * Why a card on the PCI bus is or is not read, in the order in which an administrator would find
 * out, and the command that mends it. Pure: what the machine shows comes in. The first cause that
 * holds is told; what lies behind it shows when it is mended.
 */
import type { ErrorCode } from '@yiben/shared'
import type { VendorAccess } from './access.ts'
import type { DeviceNode, MachineFiles } from './machine-files.ts'
import type { PciVerdict } from './pci.ts'
import type { PciAccelerator } from './probe.ts'

export const DIAGNOSIS_CAUSES = [
  'read',
  'passthrough',
  'no_driver',
  'display_driver',
  'lost',
  'no_reader',
  'no_device_node',
  'no_permission',
  'no_tool',
  'tool_not_executable',
  'no_library',
  'wrong_tool',
  'tool_failed',
  'not_listed',
] as const
export type DiagnosisCause = (typeof DIAGNOSIS_CAUSES)[number]

export interface CardDiagnosis {
  readonly cause: DiagnosisCause
  /** One sentence; for a card that is read it says so. */
  readonly sentence: string
  /** A command or an action, to be run as root; `null` where there is nothing to do. */
  readonly fix: string | null
}

export interface DiagnoseInput {
  readonly accelerator: PciAccelerator
  readonly verdict: PciVerdict
  /** `null`: nothing is known of the vendor's driver and tool. */
  readonly access: VendorAccess | null
  /** How the vendor's probe failed, where it did. */
  readonly failure: { readonly code: ErrorCode; readonly sentence: string } | null
  readonly machine: MachineFiles
  /** Path of the vendor's tool (its name where it may not be executed), `null` for none. */
  readonly tool: { readonly path: string | null; readonly isExecutable: boolean }
  /** Who the agent runs as; for the command that adds it to a group. */
  readonly user: string
}

type Step = (input: DiagnoseInput) => CardDiagnosis | null

const STEPS: readonly Step[] = [
  byKernel,
  byReading,
  byReader,
  byDeviceNode,
  byPermission,
  byTool,
  byFailure,
]

export function diagnoseCard(input: DiagnoseInput): CardDiagnosis {
  for (const step of STEPS) {
    const found = step(input)
    if (found !== null) return found
  }
  return {
    cause: 'not_listed',
    sentence: 'Driver and tool answer, but the tool does not list this card.',
    fix: `Look for its address in \`dmesg\`; then reset it or reboot the node.`,
  }
}

function byKernel(input: DiagnoseInput): CardDiagnosis | null {
  const { accelerator, verdict } = input
  switch (verdict) {
    case 'passthrough':
      return {
        cause: 'passthrough',
        sentence: 'It is given to a virtual machine and counted as allocated.',
        fix: null,
      }
    case 'no_driver':
      return accelerator.driver === null ? noDriver(input) : displayDriver(accelerator.driver)
    case 'lost':
      return {
        cause: 'lost',
        sentence: input.failure?.sentence ?? 'Its driver cannot reach it any more.',
        fix: 'Reset the card with its maker’s tool, or reboot the node.',
      }
    default:
      return null
  }
}

function noDriver({ access, machine, accelerator }: DiagnoseInput): CardDiagnosis {
  const loaded = access?.modules.find((name) => machine.loadedModule(name) !== null)
  if (loaded !== undefined) {
    return {
      cause: 'no_driver',
      sentence: `The module ${loaded} is loaded and has not taken this card.`,
      fix: `dmesg | grep -i ${accelerator.address}`,
    }
  }
  const built = access?.modules.find((name) => machine.hasModule(name) === true)
  if (built !== undefined) {
    return {
      cause: 'no_driver',
      sentence: `No driver is bound to it: the module ${built} is there and is not loaded.`,
      fix: `modprobe ${built}`,
    }
  }
  const isKnown = access?.modules.some((name) => machine.hasModule(name) === false) === true
  return {
    cause: 'no_driver',
    sentence: isKnown
      ? 'No driver is bound to it, and this kernel has no module for it.'
      : 'No driver is bound to it.',
    fix: `Install the driver of ${access?.maker ?? 'its maker'} for this kernel.`,
  }
}

function displayDriver(driver: string): CardDiagnosis {
  return {
    cause: 'display_driver',
    sentence: `The display driver ${driver} holds it, with which nothing can be computed or read.`,
    fix: `echo 'blacklist ${driver}' > /etc/modprobe.d/blacklist-${driver}.conf, install the maker's driver, reboot.`,
  }
}

function byReading({ verdict }: DiagnoseInput): CardDiagnosis | null {
  if (verdict !== 'read') return null
  return { cause: 'read', sentence: 'It is read.', fix: null }
}

function byReader({ access, accelerator }: DiagnoseInput): CardDiagnosis | null {
  if (access !== null) return null
  return {
    cause: 'no_reader',
    sentence: `There is no reader for ${accelerator.vendorId}:${accelerator.deviceId} yet; it is counted as faulty: no tool.`,
    fix: 'Record an output of its tool with `npm run capture` and ask for a probe.',
  }
}

function nodesOf({ access, machine }: DiagnoseInput): DeviceNode[] {
  return (access?.deviceNodes ?? []).flatMap((pattern) => machine.nodes(pattern))
}

function byDeviceNode(input: DiagnoseInput): CardDiagnosis | null {
  const { access, machine } = input
  const wanted = access?.deviceNodes ?? []
  if (access === null || wanted.length === 0) return null
  const missing = wanted.find((pattern) => machine.nodes(pattern).length === 0)
  // A node under another name is no fault where the tool answers: only a failure asks for it.
  if (missing === undefined || nodesOf(input).length > 0) return null
  return {
    cause: 'no_device_node',
    sentence: `Its driver is bound, and /dev/${missing} is missing: the tool cannot open the card.`,
    fix: access.nodeFix,
  }
}

function byPermission(input: DiagnoseInput): CardDiagnosis | null {
  const closed = nodesOf(input).find((node) => !node.isAccessible)
  if (closed === undefined) return null
  const group = closed.isGroupAllowed ? closed.group : (input.access?.groups[0] ?? null)
  const isUsable = group !== null && group !== 'root' && group !== '0'
  return {
    cause: 'no_permission',
    sentence: `The agent (user ${input.user}) may not open ${closed.path}.`,
    fix: isUsable
      ? `usermod -aG ${group} ${input.user} && systemctl restart yiben-agent`
      : `chmod g+rw ${closed.path}, with a udev rule of a group the agent is in.`,
  }
}

function byTool({ access, tool, failure }: DiagnoseInput): CardDiagnosis | null {
  const names = access?.tools.join(' or ') ?? ''
  if (tool.path !== null && !tool.isExecutable) {
    return {
      cause: 'tool_not_executable',
      sentence: `${tool.path} is there, and the agent may not execute it.`,
      fix: `chmod a+rx "$(command -v ${tool.path})"`,
    }
  }
  // A library or sysfs may do without a tool: only where nothing else answered is it missing.
  if (tool.path !== null || (failure !== null && failure.code !== 'tool_missing')) return null
  return {
    cause: 'no_tool',
    sentence: `The driver is loaded, and ${names} is neither on the path nor in its usual folders.`,
    fix: `Install the tools of ${access?.maker ?? 'its maker'}, or name their folder in probes.tool_path.`,
  }
}

function byFailure({ failure, access, tool }: DiagnoseInput): CardDiagnosis | null {
  if (failure === null) return null
  const { code, sentence } = failure
  switch (code) {
    case 'library_missing':
      return {
        cause: 'no_library',
        sentence,
        fix: `Install the libraries of ${access?.maker ?? 'its maker'}, then run \`ldconfig\`.`,
      }
    case 'tool_wrong_vendor':
      return {
        cause: 'wrong_tool',
        sentence,
        fix: `Put the folder of ${access?.maker ?? 'its maker'}'s own tool first in probes.tool_path.`,
      }
    case 'permission_denied':
      return {
        cause: 'no_permission',
        sentence,
        fix: `Add the agent to the group ${access?.groups[0] ?? 'of the device nodes'}, or run it as root.`,
      }
    default:
      return {
        cause: 'tool_failed',
        sentence,
        fix: `Run \`${tool.path ?? access?.tools[0] ?? 'the tool'}\` by hand as the agent's user and look at \`dmesg\`.`,
      }
  }
}
