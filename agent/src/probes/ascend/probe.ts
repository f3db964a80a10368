/**
 * Ascend NPUs through `npu-smi`: one `info` call reads all chips at every sample; die ids, serials
 * and bus addresses are asked once per chip at inventory and remembered. A unit is a chip (a die on
 * a 910C), which is what schedulers give away.
 */
import type { FaultyCause, HealthReading, UnitReading, Vendor } from '@yiben/shared'
import {
  type Detection,
  type Inventory,
  type InventoryUnit,
  PROBE_DEADLINE_MS,
  type Probe,
  type ProbeContext,
  type ProbeFailure,
  type ProbeSample,
  type RawIdentity,
  TOOL_OUTPUT_BYTES_MAX,
  type ToolResult,
  type VendorModule,
} from '../probe.ts'
import { bytesOf, checkFigures, checkRatio } from '../readings.ts'
import { CALL_CODES } from '../tool-probe.ts'
import { type AscendDevice, type AscendOutput, isUnreadable } from './devices.ts'
import { ascendError, parseAscend, readAscendOutput } from './parse.ts'

const TOOL = 'npu-smi'
const WHOLE_CARD_PPM = 1_000_000
/** Chips whose ids are asked anew in one inventory; the rest follow at the next one. */
const CHIPS_ASKED_MAX = 64

/** Words of the health column; others are `unknown`. */
const HEALTH: Readonly<Record<string, Pick<HealthReading, 'status' | 'cause'>>> = {
  ok: { status: 'ok', cause: null },
  warning: { status: 'warning', cause: null },
  alarm: { status: 'failed', cause: 'health' satisfies FaultyCause },
  critical: { status: 'failed', cause: 'health' satisfies FaultyCause },
}

/** What a chip is known by, remembered while it stands at the same place. */
interface ChipIds {
  readonly pci: string | null
  readonly dieId: string | null
  readonly serial: string | null
}

export const ascend: VendorModule = {
  create: (context) => new AscendProbe(context),
  parse: parseAscend,
}

export class AscendProbe implements Probe {
  readonly vendor: Vendor = 'ascend'
  readonly #context: ProbeContext
  readonly #ids = new Map<string, ChipIds>()

  constructor(context: ProbeContext) {
    this.#context = context
  }

  async detect(): Promise<Detection> {
    if (this.#context.exec.locate(TOOL) === null) return { status: 'absent' }
    const answer = await this.#info()
    if (answer.status === 'failed') return { ...answer, status: 'broken' }
    return { status: 'present', tool: TOOL, toolVersion: answer.output.toolVersion }
  }

  async inventory(): Promise<Inventory | ProbeFailure> {
    const answer = await this.#info()
    if (answer.status === 'failed') return answer
    const { output } = answer
    const chips = countedChips(output)
    await this.#learnIds(chips)
    return {
      status: 'ok',
      tool: TOOL,
      toolVersion: output.toolVersion,
      units: chips.map((chip) => this.#unitOf(chip, output)),
      problems: [],
    }
  }

  async sample(): Promise<ProbeSample | ProbeFailure> {
    const answer = await this.#info()
    if (answer.status === 'failed') return answer
    const chips = countedChips(answer.output)
    // A chip that was not there at inventory is asked for its ids, so that its key is the lasting one.
    const unknown = chips.filter((chip) => !this.#ids.has(placeOf(chip)))
    if (unknown.length > 0) await this.#learnIds(unknown)
    const readings = chips.map((chip) => readingOf(chip, this.#keyOf(chip)))
    return { status: 'ok', tool: TOOL, readings, problems: [] }
  }

  async release(): Promise<void> {
    // Every call ends its own child; nothing stays open.
  }

  async #info(): Promise<{ status: 'ok'; output: AscendOutput } | ProbeFailure> {
    const result = await this.#run(['info'])
    if (result.status !== 'exited') {
      return { status: 'failed', code: CALL_CODES[result.status], sentence: result.sentence }
    }
    const reading = readAscendOutput(result.stdout, 'npu-smi info')
    if (reading !== null && !isUnreadable(reading) && reading.devices.length > 0) {
      return { status: 'ok', output: reading }
    }
    const error = ascendError(`${result.stdout}\n${result.stderr}`)
    if (error !== null) {
      const sentence = `npu-smi says: ${error.text}. ${error.advice}`
      return { status: 'failed', code: error.code, sentence }
    }
    if (result.exitCode !== 0) {
      const sentence = `npu-smi info ended with exit code ${result.exitCode} and no table.`
      return { status: 'failed', code: 'tool_failed', sentence }
    }
    const sentence =
      reading !== null && isUnreadable(reading)
        ? reading.unreadable
        : 'npu-smi info printed no table with an NPU in it.'
    return { status: 'failed', code: 'tool_output_unreadable', sentence }
  }

  #run(args: readonly string[]): Promise<ToolResult> {
    return this.#context.exec.run({
      tool: TOOL,
      args,
      deadlineMs: PROBE_DEADLINE_MS,
      outputBytesMax: TOOL_OUTPUT_BYTES_MAX,
    })
  }

  /** Asks the chips that are new at their place; the others keep what was told. */
  async #learnIds(chips: readonly AscendDevice[]): Promise<void> {
    const serials = new Map<number, string | null>()
    let asked = 0
    for (const chip of chips) {
      const { npu_id: npu, chip_id: chipId } = chip
      const place = placeOf(chip)
      const known = this.#ids.get(place)
      const isKnown = known !== undefined && known.pci === (chip.pci_bdf ?? null)
      if (isKnown || npu === null || asked >= CHIPS_ASKED_MAX) continue
      asked += 1
      const board = await this.#board(npu, chipId)
      const dieId = board?.uuid ?? null
      let serial = board?.serial ?? serials.get(npu) ?? null
      if (serial === null && !serials.has(npu)) {
        serial = chipId === null ? null : ((await this.#board(npu, null))?.serial ?? null)
        serials.set(npu, serial)
      }
      // Without any answer the chip is asked again at the next inventory.
      if (board !== null) this.#ids.set(place, { pci: chip.pci_bdf ?? null, dieId, serial })
    }
  }

  async #board(npu: number, chip: number | null): Promise<AscendDevice | null> {
    const args = [
      'info',
      '-t',
      'board',
      '-i',
      `${npu}`,
      ...(chip === null ? [] : ['-c', `${chip}`]),
    ]
    const result = await this.#run(args)
    if (result.status !== 'exited') return null
    const reading = readAscendOutput(result.stdout, `npu-smi ${args.join(' ')}`)
    if (reading === null || isUnreadable(reading)) return null
    const device = reading.devices[0] ?? null
    // An answer about another card must not lend its id to this one.
    return device !== null && device.npu_id === npu ? device : null
  }

  #unitOf(chip: AscendDevice, output: AscendOutput): InventoryUnit {
    return {
      key: this.#keyOf(chip),
      parentKey: null,
      kind: 'card',
      vendor: 'ascend',
      name: chip.name ?? 'Ascend (name not told)',
      memoryTotalBytes: bytesOf(chip.memory_total_mib),
      powerCapWatts: null,
      sharePpm: WHOLE_CARD_PPM,
      driverVersion: output.driverVersion,
      identities: this.#identitiesOf(chip),
      pciAddress: chip.pci_bdf ?? null,
      deviceFile: deviceFileOf(chip),
      offers: {
        utilization: true,
        memory: true,
        processes: output.listsProcesses === true,
        health: true,
        power: chip.power_w !== null,
      },
    }
  }

  #identitiesOf(chip: AscendDevice): RawIdentity[] {
    const ids = this.#ids.get(placeOf(chip))
    const identities: RawIdentity[] = []
    if (ids?.dieId) identities.push({ strength: 'strong', raw: ids.dieId })
    // The card's serial is shared by its chips, so the chip's number belongs to the id.
    if (ids?.serial) {
      identities.push({ strength: 'board', raw: `${ids.serial}/${chip.chip_id ?? 0}` })
    }
    return identities
  }

  #keyOf(chip: AscendDevice): string {
    const [strongest] = this.#identitiesOf(chip)
    return strongest?.raw ?? `ascend:${placeOf(chip)}`
  }
}

/** Nodes are numbered by physical id, which only 910C and later print; else it is the logic id's. */
function deviceFileOf(chip: AscendDevice): string | null {
  const number = chip.phy_id ?? null
  return number === null ? null : `/dev/davinci${number}`
}

/** Soft partitions print a die twice; it is one. */
function countedChips(output: AscendOutput): AscendDevice[] {
  return output.devices.filter((device) => device.duplicate_of === undefined)
}

/** Bus addresses do not do alone: both chips of a 300I Duo show the same one. */
function placeOf(chip: AscendDevice): string {
  return [chip.npu_id, chip.chip_id, chip.pci_bdf ?? 'soc'].join('/')
}

function readingOf(chip: AscendDevice, key: string): UnitReading {
  const outOfRange: string[] = []
  const { processes } = chip
  const memory = processes?.map((process) => process.memory_mib) ?? []
  const isSumKnown = memory.every((mib) => mib !== null)
  return {
    key,
    utilization: { compute: checkRatio('utilization', chip.utilization_pct, outOfRange) },
    ...checkFigures(
      {
        memoryTotalMib: chip.memory_total_mib,
        memoryUsedMib: chip.memory_used_mib,
        powerWatts: chip.power_w,
        temperatureCelsius: chip.temperature_c,
      },
      outOfRange,
    ),
    health: healthOf(chip),
    processes:
      processes === null
        ? null
        : {
            computeCount: processes.length,
            graphicsCount: null,
            memoryUsedBytes: isSumKnown
              ? bytesOf(memory.reduce<number>((sum, mib) => sum + (mib ?? 0), 0))
              : null,
          },
    kernelAgeMs: null,
    outOfRange,
  }
}

function healthOf(chip: AscendDevice): HealthReading {
  const word = chip.health ?? null
  const row = HEALTH[word?.toLowerCase() ?? '']
  const detail = row?.status === 'ok' ? null : word
  return { status: row?.status ?? 'unknown', cause: row?.cause ?? null, detail }
}
