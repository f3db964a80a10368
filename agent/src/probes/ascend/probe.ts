/**
 * Ascend NPUs through `npu-smi`: one `info` call reads all chips at every sample; die ids, serials
 * and vNPUs are asked once per chip at inventory and remembered. A unit is a chip (a die on a
 * 910C), which is what schedulers give away. A chip of which vNPUs are cut prints 0 for its own
 * counters, so its utilization is not told then.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FaultyCause, HealthReading, Vendor } from '@yiben/shared'
import {
  type PlacedCard,
  placedCards,
  readingsOfCard,
  splitProblem,
  unitsOfCard,
} from '../card-units.ts'
import { type CardSlice, type CardTraits, healthByWord } from '../card-vendor.ts'
import {
  type Detection,
  type Inventory,
  PROBE_DEADLINE_MS,
  type Probe,
  type ProbeContext,
  type ProbeFailure,
  type ProbeSample,
  TOOL_OUTPUT_BYTES_MAX,
  type ToolResult,
  type VendorModule,
} from '../probe.ts'
import { CALL_CODES } from '../tool-probe.ts'
import { type AscendDevice, type AscendOutput, type AscendVnpu, isUnreadable } from './devices.ts'
import { ascendError, parseAscend, readAscendOutput } from './parse.ts'

const TOOL = 'npu-smi'
/** Chips whose ids are asked anew in one inventory; the rest follow at the next one. */
const CHIPS_ASKED_MAX = 64
const CHIP_NODE = /^davinci(\d+)$/
/** Nodes of vNPUs come and go with them: a change between two inventories asks for a new one. */
const VNPU_NODE = /^vdavinci\d+$/

/** Words of the health column; others are `unknown`. */
const HEALTH: Readonly<Record<string, Pick<HealthReading, 'status' | 'cause'>>> = {
  ok: { status: 'ok', cause: null },
  warning: { status: 'warning', cause: null },
  alarm: { status: 'failed', cause: 'health' satisfies FaultyCause },
  critical: { status: 'failed', cause: 'health' satisfies FaultyCause },
}

/** A chip with what is remembered of it. */
interface KnownChip extends AscendDevice {
  /** This version of the tool prints a table of processes. */
  readonly listsProcesses: boolean
}

/** What a chip is known by, remembered while it stands at the same place. */
interface ChipIds {
  readonly pci: string | null
  readonly uuid: string | null
  readonly serial: string | null
}

/** What is cut out of a chip, asked anew at every inventory. */
type ChipCut = Pick<AscendDevice, 'vnpus' | 'ai_cores_total'>

const TRAITS: CardTraits<KnownChip> = {
  vendor: 'ascend',
  identitiesOf: ({ uuid, serial, chip_id }) => [
    ...(uuid === null ? [] : [{ strength: 'strong', raw: uuid } as const]),
    // The card's serial is shared by its chips, so the chip's number belongs to the id.
    ...(serial === null ? [] : [{ strength: 'board', raw: `${serial}/${chip_id ?? 0}` } as const]),
  ],
  offersOf: (chip) => ({
    utilization: !isCut(chip),
    memory: true,
    processes: chip.listsProcesses,
    health: true,
    power: chip.power_w !== null,
  }),
  healthOf: ({ health }) => healthByWord(health, HEALTH),
  // Nodes carry the physical id.
  deviceFileOf: ({ phy_id = null }) => (phy_id === null ? null : `/dev/davinci${phy_id}`),
  cutOf: ({ vnpus = [], ai_cores_total: whole = null }) => {
    const slices = vnpus.map(sliceOf).filter((slice) => slice !== null)
    return whole === null || slices.length < vnpus.length ? null : { whole, slices }
  },
  splitOf: (chip) => (isCut(chip) ? 'vNPU' : null),
}

export const ascend: VendorModule = {
  create: (context) => new AscendProbe(context),
  parse: parseAscend,
  offers: (text, command) => {
    const reading = readAscendOutput(text, command)
    if (reading === null || isUnreadable(reading)) return null
    const [first] = reading.devices
    const listsProcesses = reading.listsProcesses === true
    return first === undefined ? null : TRAITS.offersOf({ ...first, listsProcesses })
  },
}

export class AscendProbe implements Probe {
  readonly vendor: Vendor = 'ascend'
  readonly #context: ProbeContext
  readonly #ids = new Map<string, ChipIds>()
  readonly #cuts = new Map<string, ChipCut>()
  /** Physical ids by card and chip (`0/1`), where the table does not print them. */
  #physicalIds: ReadonlyMap<string, number> = new Map()
  #vnpuNodes: string | null = null

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
    const counted = countedChips(output)
    await this.#learnIds(counted)
    await this.#learnCuts(counted)
    await this.#learnPhysicalIds(counted)
    const { driverVersion, toolVersion } = output
    const known = { driverVersion, rootPrefix: this.#context.rootPrefix }
    const chips = this.#known(output)
    return {
      status: 'ok',
      tool: TOOL,
      toolVersion,
      units: chips.flatMap((chip) => unitsOfCard(TRAITS, chip, known)),
      problems: chips.flatMap((chip) => splitProblem(TRAITS, chip) ?? []),
    }
  }

  async sample(): Promise<ProbeSample | ProbeFailure> {
    const answer = await this.#info()
    if (answer.status === 'failed') return answer
    const counted = countedChips(answer.output)
    // A chip that was not there at inventory is asked for its ids, so that its key is the lasting one.
    const unknown = counted.filter((chip) => !this.#ids.has(placeOf(chip)))
    if (unknown.length > 0) await this.#learnIds(unknown)
    if (vnpuNodes(this.#context.rootPrefix) !== this.#vnpuNodes) await this.#learnCuts(counted)
    const chips = this.#known(answer.output)
    return {
      status: 'ok',
      tool: TOOL,
      readings: chips.flatMap((chip) => readingsOfCard(TRAITS, chip)),
      problems: chips.flatMap((chip) => splitProblem(TRAITS, chip) ?? []),
    }
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
      const isKnown = known !== undefined && known.pci === chip.pci_bdf
      if (isKnown || npu === null || asked >= CHIPS_ASKED_MAX) continue
      asked += 1
      const board = await this.#ask('board', npu, chipId)
      let serial = board?.serial ?? serials.get(npu) ?? null
      if (serial === null && !serials.has(npu)) {
        serial = chipId === null ? null : ((await this.#ask('board', npu, null))?.serial ?? null)
        serials.set(npu, serial)
      }
      // Without any answer the chip is asked again at the next inventory.
      if (board !== null) {
        this.#ids.set(place, { pci: chip.pci_bdf, uuid: board.uuid, serial })
      }
    }
  }

  /** A part that knows no vNPUs answers with an error: it is in one piece. */
  async #learnCuts(chips: readonly AscendDevice[]): Promise<void> {
    this.#vnpuNodes = vnpuNodes(this.#context.rootPrefix)
    for (const chip of chips.slice(0, CHIPS_ASKED_MAX)) {
      const { npu_id: npu, chip_id: chipId } = chip
      if (npu === null || chipId === null) continue
      const info = await this.#ask('info-vnpu', npu, chipId)
      this.#cuts.set(placeOf(chip), {
        vnpus: info?.vnpus ?? [],
        ai_cores_total: info?.ai_cores_total ?? null,
      })
    }
  }

  /**
   * Only 910C and later print the physical id. Elsewhere it is the logic id of the mapping, but
   * only on a whole machine: where the nodes in `/dev` are numbered as the chips are. With a chip
   * missing, or in a container, the two differ and nothing is taken.
   */
  async #learnPhysicalIds(chips: readonly AscendDevice[]): Promise<void> {
    this.#physicalIds = new Map()
    if (chips.every(({ phy_id = null }) => phy_id !== null)) return
    const result = await this.#run(['info', '-m'])
    const reading = result.status === 'exited' ? readAscendOutput(result.stdout, null) : null
    if (reading === null || isUnreadable(reading)) return
    const rows = (reading.mapping ?? []).filter((row) => row.logic_id !== null)
    const logicIds = rows.map((row) => Number(row.logic_id)).sort((a, b) => a - b)
    const nodes = devNames(this.#context.rootPrefix)
      .flatMap((name) => CHIP_NODE.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b)
    if (logicIds.length !== chips.length || logicIds.join() !== nodes.join()) return
    this.#physicalIds = new Map(
      rows.map((row) => [`${row.npu_id}/${row.chip_id}`, Number(row.logic_id)]),
    )
  }

  async #ask(type: string, npu: number, chip: number | null): Promise<AscendDevice | null> {
    const ofChip = chip === null ? [] : ['-c', `${chip}`]
    const args = ['info', '-t', type, '-i', `${npu}`, ...ofChip]
    const result = await this.#run(args)
    if (result.status !== 'exited') return null
    const reading = readAscendOutput(result.stdout, `npu-smi ${args.join(' ')}`)
    if (reading === null || isUnreadable(reading)) return null
    const device = reading.devices[0] ?? null
    // An answer about another card must not lend its id to this one.
    return device !== null && device.npu_id === npu ? device : null
  }

  #known(output: AscendOutput): PlacedCard<KnownChip>[] {
    const listsProcesses = output.listsProcesses === true
    const chips = countedChips(output).map((chip): KnownChip => {
      const place = placeOf(chip)
      const { uuid = null, serial = null } = this.#ids.get(place) ?? {}
      const cut = this.#cuts.get(place) ?? {}
      const number = this.#physicalIds.get(`${chip.npu_id}/${chip.chip_id}`) ?? null
      const phy_id = chip.phy_id ?? number
      const whole: KnownChip = { ...chip, ...cut, uuid, serial, phy_id, listsProcesses }
      return isCut(whole) ? { ...whole, utilization_pct: null } : whole
    })
    return placedCards(TRAITS, chips, placeOf)
  }
}

/** Soft partitions print a die twice; it is one. */
function countedChips(output: AscendOutput): AscendDevice[] {
  return output.devices.filter((device) => device.duplicate_of === undefined)
}

/** Bus addresses do not do alone: both chips of a 300I Duo show the same one. */
function placeOf(chip: AscendDevice): string {
  return [chip.npu_id, chip.chip_id, chip.pci_bdf ?? 'soc'].join('/')
}

function isCut({ vnpus = [] }: AscendDevice): boolean {
  return vnpus.length > 0
}

/** No output has a counter, a memory figure or a process list of a vNPU. */
function sliceOf({ vnpu_id, template, ai_cores }: AscendVnpu): CardSlice | null {
  if (ai_cores === null) return null
  return {
    part: `vnpu${vnpu_id}`,
    uuid: null,
    profile: template,
    weight: ai_cores,
    memory_total_mib: null,
    memory_used_mib: null,
    utilization_pct: null,
    processes: null,
    deviceFile: `/dev/vdavinci${vnpu_id}`,
  }
}

/** Names of the nodes of vNPUs, to notice a change; empty where there are none. */
function vnpuNodes(rootPrefix: string): string {
  return devNames(rootPrefix)
    .filter((name) => VNPU_NODE.test(name))
    .sort()
    .join(' ')
}

function devNames(rootPrefix: string): string[] {
  try {
    return readdirSync(join(rootPrefix || '/', 'dev'))
  } catch {
    // A folder that cannot be read shows nothing, and no change.
    return []
  }
}
