/** Reads any output of hy-smi, or of the rocm-smi of Hygon's DTK; AMD's own rocm-smi is refused. */
import { type CardReading, wrongTool } from '../card.ts'
import { type FailureText, refused, refusedForeign, type ToolName } from '../refusal.ts'
import type { RocmDevice } from '../rocm-smi/devices.ts'
import { ROCM_FAILURES } from '../rocm-smi/failures.ts'
import { readRocmSmi } from '../rocm-smi/parse.ts'

/** Of the family, with what mends them on a node with DCUs. */
const FAILURES: readonly FailureText[] = [
  {
    pattern: /\bhymgr\b/i,
    class: 'init_failed',
    code: 'tool_failed',
    advice: 'Start the service: systemctl restart hymgr.',
  },
  ...ROCM_FAILURES,
]
const HYGON: ToolName = { vendor: 'hygon', tool: 'hy-smi', texts: FAILURES }

export function readHygon(text: string, command: string | null): CardReading<RocmDevice> {
  const foreign = refusedForeign(text, HYGON)
  if (foreign !== null) return foreign
  const output = readRocmSmi(text, command, 'hy-smi')
  if (output?.facts?.maker === 'amd') {
    return wrongTool('This rocm-smi lists cards of AMD, which are not read as DCUs.')
  }
  return output ?? refused(text, HYGON)
}
