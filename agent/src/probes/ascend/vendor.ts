/**
 * Ascend NPUs through `npu-smi`: one `info` call reads all chips at every sample; die ids, serials
 * and vNPUs are asked once per chip at inventory and remembered. A unit is a chip (a die on a
 * 910C), which is what schedulers give away. A chip of which vNPUs are cut prints 0 for its own
 * counters, so its utilization is not told then.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type HealthWords, healthByWord, identitiesFrom } from '../card-traits.ts'
import type { Answer, CardSlice, CardVendor, Cut, ToolSession } from '../card-vendor.ts'
import { parseLspci } from '../formats/lspci.ts'
import { readId } from '../formats/printed-id.ts'
import { toolLines } from '../formats/tool-lines.ts'
import type { ProbeFailure, RawIdentity, VendorModule } from '../probe.ts'
import { cardVendorModule, ToolProbe } from '../tool-probe.ts'
import { type AscendDevice, type AscendVnpu, TOOL } from './devices.ts'
import { readAscend } from './parse.ts'
import { parseAscendMapping } from './parse-lists.ts'

type Session = ToolSession<AscendDevice>
type Reading = Answer<AscendDevice>

/** Chips whose ids are asked anew in one inventory; the rest follow at the next one. */
const CHIPS_ASKED_MAX = 64
const CHIP_NODE = /^davinci(\d+)$/
/** Nodes of vNPUs come and go with them: a change between two inventories asks for a new one. */
const VNPU_NODE = /^vdavinci\d+$/

/** Words of the health column; others are `unknown`. */
const HEALTH_WORDS: HealthWords = {
  ok: { status: 'ok', cause: null },
  warning: { status: 'warning', cause: null },
  alarm: { status: 'failed', cause: 'health' },
  critical: { status: 'failed', cause: 'health' },
}

/** What one probe remembers of the chips, by their places. */
interface Memory {
  readonly ids: Map<string, ChipIds>
  /** What is cut out of a chip, asked anew at every inventory. */
  readonly cuts: Map<string, ChipCut>
  /** Physical ids by card and chip (`0/1`), where the table does not print them. */
  physicalIds: ReadonlyMap<string, number>
  /** Names of the nodes of vNPUs when the cuts were asked for. */
  vnpuNodes: string
}

type ChipCut = Pick<AscendDevice, 'vnpu_count' | 'vnpus' | 'ai_cores_total'>

/** What a chip is known by, while it stands at the same place. */
interface ChipIds {
  readonly pci: string | null
  readonly uuid: string | null
  readonly serial: string | null
}

const MODULE = cardVendorModule(ascendVendor())

export const ascend: VendorModule = {
  ...MODULE,
  create: (context) => new ToolProbe(ascendVendor(), context),
  parse: (text, command) => parseLspci(toolLines(text), 'ascend') ?? MODULE.parse(text, command),
}

/** One description for each probe, because it remembers. */
function ascendVendor(): CardVendor<AscendDevice> {
  const memory: Memory = {
    ids: new Map(),
    cuts: new Map(),
    physicalIds: new Map(),
    vnpuNodes: '',
  }
  return {
    vendor: 'ascend',
    tools: [TOOL],
    read: readAscend,
    inventory: (session) => inventory(session, memory),
    sample: (session) => sample(session, memory),
    placeOf,
    identitiesOf,
    offersOf: (chip) => ({
      utilization: !isCut(chip),
      memory: true,
      processes: chip.lists_processes === true,
      health: true,
      power: chip.power_w !== null,
    }),
    healthOf: ({ health }) => healthByWord(health, HEALTH_WORDS),
    // Nodes carry the physical id.
    deviceFileOf: ({ phy_id = null }) => (phy_id === null ? null : `/dev/davinci${phy_id}`),
    cutOf,
    splitOf: (chip) => (isCut(chip) ? 'vNPU' : null),
  }
}

async function inventory(session: Session, memory: Memory): Promise<Reading> {
  const answer = await session.ask(['info'])
  if (answer.status === 'failed') return answer
  const chips = countedChips(answer.output.devices)
  const failure = await learnIds(session, memory, chips)
  if (failure !== null) return failure
  await learnCuts(session, memory, chips)
  await learnPhysicalIds(session, memory, chips)
  return withWhatIsKnown(answer, memory)
}

async function sample(session: Session, memory: Memory): Promise<Reading> {
  const answer = await session.ask(['info'])
  if (answer.status === 'failed') return answer
  if (vnpuNodes(session.rootPrefix) !== memory.vnpuNodes) {
    await learnCuts(session, memory, countedChips(answer.output.devices))
  }
  return withWhatIsKnown(answer, memory)
}

function withWhatIsKnown(
  { output }: Extract<Reading, { status: 'ok' }>,
  { ids, cuts, physicalIds }: Memory,
): Reading {
  const devices = output.devices.map((chip): AscendDevice => {
    const place = placeOf(chip)
    const { uuid = null, serial = null } = ids.get(place) ?? {}
    const number = physicalIds.get(`${chip.npu_id}/${chip.chip_id}`) ?? null
    const whole = { ...chip, ...cuts.get(place), uuid, serial, phy_id: chip.phy_id ?? number }
    return isCut(whole) ? { ...whole, utilization_pct: null } : whole
  })
  return { status: 'ok', output: { ...output, devices } }
}

/**
 * Asks the chips that are new at their place; the others keep what was told. A question that takes
 * too long fails the whole: with fewer ids than it has, a chip would seem to be another one.
 */
async function learnIds(
  session: Session,
  { ids }: Memory,
  chips: readonly AscendDevice[],
): Promise<ProbeFailure | null> {
  const serials = new Map<number, string | null>()
  let asked = 0
  for (const chip of chips) {
    const { npu_id: npu, chip_id: chipId } = chip
    const place = placeOf(chip)
    const known = ids.get(place)
    const isKnown = known !== undefined && known.pci === chip.pci_bdf
    if (isKnown || npu === null || asked >= CHIPS_ASKED_MAX) continue
    asked += 1
    const answer = await askChip(session, 'board', { npu, chip: chipId })
    if (isTooSlow(answer)) return answer
    const board = chipIn(answer, npu)
    let serial = board?.serial ?? serials.get(npu) ?? null
    if (serial === null && !serials.has(npu) && chipId !== null) {
      const card = await askChip(session, 'board', { npu, chip: null })
      if (isTooSlow(card)) return card
      serial = chipIn(card, npu)?.serial ?? null
      serials.set(npu, serial)
    }
    // Without any answer the chip is asked again at the next inventory.
    if (board !== null) ids.set(place, { pci: chip.pci_bdf, uuid: board.uuid, serial })
  }
  return null
}

/**
 * A part that knows no vNPUs answers with an error: it is in one piece. Of one that did not answer
 * what was told before stays; where nothing was, it may be cut, and is not proven to be whole.
 */
async function learnCuts(
  session: Session,
  memory: Memory,
  chips: readonly AscendDevice[],
): Promise<void> {
  memory.vnpuNodes = vnpuNodes(session.rootPrefix)
  for (const chip of chips.slice(0, CHIPS_ASKED_MAX)) {
    const { npu_id: npu, chip_id: chipId } = chip
    if (npu === null || chipId === null) continue
    const answer = await askChip(session, 'info-vnpu', { npu, chip: chipId })
    const place = placeOf(chip)
    const before = memory.cuts.get(place) ?? { vnpu_count: null }
    const told = chipIn(answer, npu) ?? { vnpu_count: 0 }
    memory.cuts.set(place, isTooSlow(answer) ? before : cutIn(told))
  }
}

function cutIn({ vnpu_count = 0, vnpus = [], ai_cores_total = null }: ChipCut): ChipCut {
  return { vnpu_count, vnpus, ai_cores_total }
}

/**
 * Only 910C and later print the physical id. Elsewhere it is the logic id of the mapping, but
 * only on a whole machine: where the nodes in `/dev` are numbered as the chips are. With a chip
 * missing, or in a container, the two differ and nothing is taken.
 */
async function learnPhysicalIds(
  session: Session,
  memory: Memory,
  chips: readonly AscendDevice[],
): Promise<void> {
  memory.physicalIds = new Map()
  if (chips.every(({ phy_id = null }) => phy_id !== null)) return
  const printed = await session.run(['info', '-m'])
  const rows = parseAscendMapping(toolLines(printed ?? '')) ?? []
  const mapped = rows.flatMap(({ npu_id, chip_id, logic_id }) =>
    logic_id === null ? [] : [{ chip: `${npu_id}/${chip_id}`, logicId: logic_id }],
  )
  const logicIds = mapped.map(({ logicId }) => logicId).sort((one, other) => one - other)
  const nodes = devNames(session.rootPrefix)
    .flatMap((name) => CHIP_NODE.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((one, other) => one - other)
  if (logicIds.length !== chips.length || logicIds.join() !== nodes.join()) return
  memory.physicalIds = new Map(mapped.map(({ chip, logicId }) => [chip, logicId]))
}

function askChip(
  session: Session,
  type: 'board' | 'info-vnpu',
  { npu, chip }: { readonly npu: number; readonly chip: number | null },
): Promise<Reading> {
  const ofChip = chip === null ? [] : ['-c', `${chip}`]
  return session.ask(['info', '-t', type, '-i', `${npu}`, ...ofChip])
}

/** An answer about another card must not lend its id to this one. */
function chipIn(answer: Reading, npu: number): AscendDevice | null {
  const device = answer.status === 'ok' ? answer.output.devices[0] : undefined
  return device?.npu_id === npu ? device : null
}

function isTooSlow(answer: Reading): answer is ProbeFailure {
  return answer.status === 'failed' && answer.code === 'tool_timeout'
}

/** The card's serial is shared by its chips, so the chip's number belongs to the id. */
function identitiesOf({ uuid, serial, chip_id }: AscendDevice): RawIdentity[] {
  const card = readId(serial)
  return identitiesFrom({
    strong: readId(uuid),
    board: card === null ? null : `${card}/${chip_id ?? 0}`,
  })
}

/** Soft partitions print a die twice; it is one. */
function countedChips(chips: readonly AscendDevice[]): AscendDevice[] {
  return chips.filter((chip) => chip.duplicate_of === undefined)
}

/** Bus addresses do not do alone: both chips of a 300I Duo show the same one. */
function placeOf({ npu_id, chip_id, pci_bdf }: AscendDevice): string {
  return [npu_id, chip_id, pci_bdf ?? 'soc'].join('/')
}

function isCut({ vnpu_count: count = 0 }: AscendDevice): boolean {
  return count === null || count > 0
}

function cutOf({ vnpu_count, vnpus = [], ai_cores_total: whole = null }: AscendDevice): Cut | null {
  const slices = vnpus.map(sliceOf).filter((slice) => slice !== null)
  return whole === null || slices.length !== vnpu_count ? null : { whole, slices }
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
