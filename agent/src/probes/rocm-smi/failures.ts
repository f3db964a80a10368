/** What the tools of the rocm-smi family and amd-smi print instead of cards. */
import type { FailureText } from '../refusal.ts'

export const ROCM_FAILURES: readonly FailureText[] = [
  {
    pattern: /\/dev\/kfd\b.*(?:denied|permission)|\b(?:render|video) group\b|\bNO_PERM\b/i,
    class: 'permission',
    code: 'permission_denied',
    advice: 'Run the agent as root or as a member of the groups video and render.',
  },
  {
    pattern: /not found in modules|Drivers? not (?:loaded|initialized)|DRIVER_NOT_LOADED/i,
    class: 'driver_not_loaded',
    code: 'tool_failed',
    advice: 'Load the driver of the cards, or install it.',
  },
  {
    pattern: /No DRM devices|Unable to detect any GPU|Can not find a device/i,
    class: 'no_devices',
    code: 'tool_failed',
    advice: 'The driver sees no card: compare with the PCI bus.',
  },
  {
    pattern: /No module named|lib(?:rocm_smi64|amd_smi)\b|ModuleNotFoundError/i,
    class: 'library_missing',
    code: 'library_missing',
    advice: 'Install the library beside the tool, of the same version.',
  },
  {
    pattern: /ROCm SMI returned \d|rsmi_init|AMDSMI_STATUS_\w|AMDSMI has returned error/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Check that the driver is loaded and that the tool belongs to it.',
  },
  {
    pattern: /(?:Command|Parameter) '.*' is (?:invalid|not supported)|unrecognized arguments/i,
    class: 'usage',
    code: 'tool_failed',
    advice: 'This version of the tool does not know the command.',
  },
]
