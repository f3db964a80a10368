/** Failures of nvidia-smi as sentences for an administrator. */
import type { ErrorCode } from '@yiben/shared'
import { normalisePciAddress } from '../formats/pci-address.ts'
import type { ProbeFailure, ToolResult, UnitProblem } from '../probe.ts'
import type { NvidiaProblem } from './devices.ts'
import { errorAdvice } from './error-texts.ts'
import { failed } from './way.ts'

type Unfinished = Exclude<ToolResult, { readonly status: 'exited' }>

const CODES: Readonly<Record<Unfinished['status'], ErrorCode>> = {
  missing: 'tool_missing',
  denied: 'permission_denied',
  timeout: 'tool_timeout',
  too_large: 'tool_output_too_large',
  killed: 'tool_failed',
}

export function toolFailure(cause: Unfinished | NvidiaProblem): ProbeFailure {
  if ('status' in cause) return failed(CODES[cause.status], cause.sentence)
  return failed(cause.code, `nvidia-smi says: ${cause.text} ${errorAdvice(cause)}`.trim())
}

/** Cards that an answer names as unreadable, beside those it could read. */
export function unitProblems(problems: readonly NvidiaProblem[]): UnitProblem[] {
  return problems
    .filter((problem) => problem.pci !== null)
    .map((problem) => ({
      key: null,
      pciAddress: normalisePciAddress(problem.pci),
      code: problem.code,
      sentence: `${problem.text} ${errorAdvice(problem)}`.trim(),
    }))
}
