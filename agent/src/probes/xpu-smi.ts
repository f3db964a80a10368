/**
 * Two makers call their tool `xpu-smi`: Intel (XPU Manager) and Kunlunxin. Whose output a text is, by
 * what the tool says of itself: banners, names of its subcommands and keys of its documents. The
 * name of the tool and the outer shape of a table say nothing, both being modelled on nvidia-smi.
 */
import { type CardFailure, wrongTool } from './card.ts'

type Maker = 'intel' | 'kunlunxin'

const SIGNS: Readonly<Record<Maker, readonly RegExp[]>> = {
  intel: [
    // Banner of the table of 2.0, help of 1.x and 2.0, names of its cards.
    /\bIntel(?:\(R\))? XPU\b|\bIntel\(R\)/,
    /\bLevel Zero\b/,
    // A question that 1.x and 2.0 do not know: the words of CLI11, and what 2.0 says of `-q`.
    /\bThe following arguments? (?:was|were) not expected\b|\bquery: not yet implemented\b/,
    /"(?:device_list|device_util_by_proc_list|device_level|core_temperature|pci_bdf)"/,
    /^[ \t]*Timestamp,\s*DeviceId\b|^PID\s+Command\s+DeviceID\b|^\|\s*Device ID\s*\|/m,
  ],
  kunlunxin: [
    /\bXPU-RT Version\b|\bXPUSMI LOG\b|<xpu_smi_log\b|\bKUNLUNXIN\b|\bXPUML\b|昆仑/,
    /^[ \t]*\|\s*DevID\s*\|\s*PCI Addr\b/m,
    // Lines of `-L` and of `-m`, which has the serial and, in quotes, the model.
    /^XPU \d+: |^[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.\d \d+ \d+ \S+ \d.*"[^"\n]+"/im,
    // Its usage text, as nvidia-smi prints it.
    /^xpu[-_]smi \[(?:OPTION|选项)1\b/m,
  ],
}
const NAMES: Readonly<Record<Maker, string>> = { intel: 'Intel', kunlunxin: 'Kunlunxin' }

/** A refusal where the text is the other maker's and shows no sign of `own`. */
export function refusedNamesake(text: string, own: Maker): CardFailure | null {
  const other = own === 'intel' ? 'kunlunxin' : 'intel'
  if (isOf(text, own) || !isOf(text, other)) return null
  return wrongTool(
    `This xpu-smi is the tool of ${NAMES[other]}, which reads no card of ${NAMES[own]}.`,
  )
}

function isOf(text: string, maker: Maker): boolean {
  return SIGNS[maker].some((sign) => sign.test(text))
}
