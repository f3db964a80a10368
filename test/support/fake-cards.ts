/**
 * Cards of two vendors whose state is a file: `nvidia-smi` and `npu-smi` as shell scripts without a
 * child of their own per call, so that a machine with two cores can run many of them.
 */
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type CardMood = 'free' | 'busy' | 'occupied'

interface Figures {
  readonly utilization: number
  readonly usedMib: number
  readonly watts: number
}

export type FakeVendor = 'nvidia' | 'ascend'

/** Idle figures are those of the shipped baselines: RTX 4090 and 910B4. */
const FIGURES: Readonly<Record<FakeVendor, Readonly<Record<CardMood, Figures>>>> = {
  nvidia: {
    free: { utilization: 0, usedMib: 2, watts: 20 },
    busy: { utilization: 87, usedMib: 20_000, watts: 300 },
    occupied: { utilization: 0, usedMib: 20_000, watts: 40 },
  },
  ascend: {
    free: { utilization: 0, usedMib: 2823, watts: 88 },
    busy: { utilization: 87, usedMib: 28_412, watts: 140 },
    occupied: { utilization: 0, usedMib: 28_412, watts: 92 },
  },
}

const TOOLS: Readonly<Record<FakeVendor, string>> = { nvidia: 'nvidia-smi', ascend: 'npu-smi' }

export interface FakeCardsOptions {
  readonly folder: string
  readonly vendor: FakeVendor
  readonly cards: number
  /** Two hex digits: cards of two nodes are not the same cards. */
  readonly nodeTag: string
}

export class FakeCards {
  readonly tool: string
  readonly toolPath: string
  readonly #options: FakeCardsOptions
  readonly #stateFile: string
  /** Read at each answer while it is there. */
  readonly #faultFile: string

  constructor(options: FakeCardsOptions) {
    this.#options = options
    this.tool = TOOLS[options.vendor]
    this.toolPath = join(options.folder, 'bin')
    this.#stateFile = join(options.folder, `${this.tool}.state`)
    this.#faultFile = join(options.folder, `${this.tool}.fault`)
    mkdirSync(this.toolPath, { recursive: true })
    this.set('free')
    this.repair()
  }

  /** One mood for all, or one per card. */
  set(moods: CardMood | readonly CardMood[]): void {
    const { vendor, cards } = this.#options
    const lines = Array.from({ length: cards }, (_, at) => {
      const mood = typeof moods === 'string' ? moods : (moods[at] ?? 'free')
      const { utilization, usedMib, watts } = FIGURES[vendor][mood]
      return `${at} ${utilization} ${usedMib} ${watts}\n`
    })
    this.#writeWhole(this.#stateFile, lines.join(''), 0o644)
  }

  /** The tool works (again). */
  repair(): void {
    const { vendor, nodeTag } = this.#options
    const script = vendor === 'nvidia' ? nvidiaScript : ascendScript
    const files = { state: this.#stateFile, fault: this.#faultFile }
    rmSync(this.#faultFile, { force: true })
    const body = `#!/bin/sh\n${script(files, nodeTag)}\n`
    this.#writeWhole(join(this.toolPath, this.tool), body, 0o755)
  }

  /** Shell code in place of the next answer, also of a copy that is already running. */
  break(fault: string): void {
    this.#writeWhole(this.#faultFile, `${fault}\n`, 0o644)
  }

  /** The file is gone, and what ran of it ends. */
  vanish(): void {
    this.break('exit 1')
    rmSync(join(this.toolPath, this.tool), { force: true })
  }

  #writeWhole(path: string, text: string, mode: number): void {
    writeFileSync(`${path}.new`, text)
    chmodSync(`${path}.new`, mode)
    renameSync(`${path}.new`, path)
  }
}

interface ToolFiles {
  readonly state: string
  readonly fault: string
}

function nvidiaScript({ state, fault }: ToolFiles, nodeTag: string): string {
  const uuid = `GPU-${nodeTag}000000-0000-0000-0000-00000000000`
  return `
rows() { if [ -e '${fault}' ]; then . '${fault}'; fi; while read -r at util used watts; do
  printf '%s, ${uuid}%s, 00000000:0%s:00.0, NVIDIA GeForce RTX 4090, 550.54.15, 24564, %s, %s, 0, %s.10, 450.00, 40\\n' \
    "$at" "$at" "$at" "$used" "$util" "$watts"
done < '${state}'; }
facts() { while read -r at rest; do
  printf '${uuid}%s, [N/A], [N/A], [N/A], [N/A], [N/A], [N/A]\\n' "$at"
done < '${state}'; }
case "$*" in
*--query-gpu=index*-l*) while :; do rows; sleep 1; done;;
*--query-gpu=index*) rows;;
*--query-compute-apps*) if [ -e '${fault}' ]; then . '${fault}'; fi;;
*--query-gpu=uuid,mig*) facts;;
*) exit 64;;
esac`
}

function ascendScript({ state, fault }: ToolFiles, nodeTag: string): string {
  const line =
    '+---------------------------+---------------+----------------------------------------------------+'
  const thick = line.replaceAll('-', '=')
  return `
if [ -e '${fault}' ]; then . '${fault}'; fi
case "$*" in
'info')
  echo '+------------------------------------------------------------------------------------------------+'
  echo '| npu-smi 25.0.rc1.1               Version: 25.0.rc1.1                                           |'
  echo '${line}'
  echo '| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|'
  echo '| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |'
  echo '${thick}'
  while read -r at util used watts; do
    printf '| %-6s910B4               | OK            | %-12s32                0    / 0             |\\n' "$at" "$watts.1"
    printf '| 0                         | 0000:C%s:00.0  | %-12s0    / 0          %-5s/ 32768         |\\n' "$at" "$util" "$used"
    echo '${thick}'
  done < '${state}'
  echo '${line}'
  echo '| NPU     Chip              | Process id    | Process name             | Process memory(MB)      |'
  echo '${thick}'
  while read -r at rest; do
    printf '| No running processes found in NPU %-61s|\\n' "$at"
    echo '${thick}'
  done < '${state}';;
'info -t board -i '*' -c 0')
  printf '\\tNPU ID                         : %s\\n\\tChip ID                        : 0\\n' "$5"
  printf '\\tVDie ID                        : 42C711${nodeTag} 20B03704 4A10C8D4 14CC040A D210200%s\\n' "$5";;
'info -t board -i '*)
  printf '\\tNPU ID                         : %s\\n\\tSerial Number                  : 1020${nodeTag}SERIAL%s\\n\\tChip Count                     : 1\\n' "$5" "$5";;
*) exit 64;;
esac`
}
