/**
 * `npu-smi info -t info-vnpu -i N -c M`: the virtual NPUs cut out of one chip. The amounts of the
 * chip stand as `free/total` under their titles, the vNPUs in a table of their own, each with the
 * template it was made from; the number in a template's name is its AI cores (`vir10_3c_16g`: 10).
 * Documents print the same without borders. The chip is named by the command alone.
 */
import { cellsOf } from '../formats/bar-table.ts'
import { readCount, readWord } from '../formats/text.ts'
import { firstMatch } from '../formats/tool-lines.ts'
import { type AscendOutput, type AscendVnpu, ascendOutput, sparseDevice } from './devices.ts'

const COUNT = /Total number of vnpu:\s*(\d+)/i
const AMOUNT = /^(\d+)\/(\d+)$/
const TEMPLATE_CORES = /^vir(\d{2})(?:_|$)/

/** `asked`: the card and chip of the command line. `null`: no such text. */
export function parseAscendVnpus(
  lines: readonly string[],
  asked: { readonly npuId: number | null; readonly chipId: number | null },
): AscendOutput | null {
  const count = readCount(firstMatch(lines, COUNT)?.[1])
  if (count === null) return null
  const vnpus = vnpuRows(lines)
  const device = sparseDevice({
    npu_id: asked.npuId,
    chip_id: asked.chipId,
    ai_cores_total: aiCoresTotal(lines),
    vnpu_count: count,
    ...(vnpus.length === count ? { vnpus } : {}),
  })
  return ascendOutput([device])
}

/** The amounts stand in the order of the titles above them, which are single words. */
function aiCoresTotal(lines: readonly string[]): number | null {
  const words = lines.map((line) => line.replaceAll('|', ' ').trim().split(/\s+/))
  const at = words.findIndex((row) => row[0] === 'AICORE')
  const amounts = words.slice(at + 1).find((row) => AMOUNT.test(row[0] ?? ''))
  return at < 0 ? null : readCount(AMOUNT.exec(amounts?.[0] ?? '')?.[2])
}

function vnpuRows(lines: readonly string[]): AscendVnpu[] {
  const headerAt = lines.findIndex((line) => /Vnpu ID/i.test(line) && /Template Name/i.test(line))
  if (headerAt < 0) return []
  const titles = cellsOf(lines[headerAt] ?? '').map((title) => title.toLowerCase())
  return lines.slice(headerAt + 1).flatMap((line) => {
    const cells = cellsOf(line)
    if (cells.length !== titles.length) return []
    const cell = (title: string) => cells[titles.indexOf(title)]
    const id = readCount(cell('vnpu id'))
    if (id === null) return []
    const template = readWord(cell('template name'))
    const status = readCount(cell('status'))
    return [
      {
        vnpu_id: id,
        template,
        ai_cores: readCount(TEMPLATE_CORES.exec(template ?? '')?.[1]),
        in_use: status === 1 ? true : status === 0 ? false : null,
      },
    ]
  })
}
