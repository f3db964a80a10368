/**
 * Hygon DCUs through hy-smi, or the rocm-smi of the DTK on older stacks. All figures and the
 * processes come from one call per sample, because older tools take more than a second for each;
 * ids, the mode of the card and the driver's version are asked at inventory.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HEALTH_NOT_TOLD, identitiesFrom } from '../card-traits.ts'
import type { Answer, CardVendor, ToolSession } from '../card-vendor.ts'
import { renderNodeOf } from '../drm-node.ts'
import { askFirst, changedCards, isTooSlow, joinByNumber, withMore } from '../inventory-calls.ts'
import type { VendorModule } from '../probe.ts'
import type { RocmDevice } from '../rocm-smi/devices.ts'
import { claimed, HYGON_MODULES } from '../rocm-smi/maker.ts'
import { markSharedSerials, ownSerial } from '../shared-serials.ts'
import { cardVendorModule, ToolProbe } from '../tool-probe.ts'
import { readHygon } from './parse.ts'
import { splitOf, withVirtualParts } from './split.ts'

const IDENTITY = ['--showid', '--showproductname', '--showuniqueid', '--showserial', '--showbus']
const ID_QUERIES = [
  [...IDENTITY, '--showmaxpower', '--json'],
  [...IDENTITY, '--showmaxpower'],
  [...IDENTITY, '--json'],
] as const
/** The product's name says whose cards these are, the address which of them. */
const FIGURES = [
  ...['--showbus', '--showproductname', '--showuse', '--showmemuse', '--showmeminfo', 'vram'],
  ...['--showtemp', '--showpower'],
]
/** The address is what the list of processes names cards by. */
const PROCESSES = ['--showbus', '--showpids']

type Session = ToolSession<RocmDevice>
type Reading = Answer<RocmDevice>

/** What one probe remembers between its calls. */
interface Memory {
  /** The form in which this version told the figures: others are not tried again. */
  form: Form | null
  /** Mode by place, as it was told last; the figures do not tell it. */
  modes: ReadonlyMap<string, string>
}

type Form = (session: Session) => Promise<Reading>

/** The cheapest first. The table tells no amount of memory, so that it proves no card free. */
const FORMS: readonly [Form, ...Form[]] = [
  (session) => session.ask([...FIGURES, '--showpids']),
  inTwoCalls(FIGURES),
  inTwoCalls([...FIGURES, '--json']),
  (session) => session.ask([]),
]
const WORTH_MAX = 7

export const hygon: VendorModule = {
  ...cardVendorModule(hygonVendor()),
  create: (context) => new ToolProbe(hygonVendor(), context),
}

/** One description for each probe, because it remembers. */
function hygonVendor(): CardVendor<RocmDevice> {
  const memory: Memory = { form: null, modes: new Map() }
  return {
    vendor: 'hygon',
    tools: ['hy-smi', 'rocm-smi'],
    // The tools lie off the usual paths, and so do their libraries.
    environment: { LD_LIBRARY_PATH: '/opt/hyhal/lib:/usr/local/hyhal/lib:/opt/dtk/lib' },
    read: readHygon,
    inventory: (session) => inventory(session, memory),
    sample: (session) => sample(session, memory),
    // A Unique ID is that of the chip; the serial that of the card, or of a board of eight.
    identitiesOf: (card) => identitiesFrom({ strong: card.uuid, board: ownSerial(card) }),
    // Without the right to manage the cards the tool prints N/A for the use: such a card is unknown
    // for as long, and not one without a counter.
    offersOf: (device) => ({
      utilization: true,
      memory: true,
      processes: device.processes !== null,
      health: false,
      power: device.power_w !== null,
    }),
    healthOf: () => HEALTH_NOT_TOLD,
    splitOf,
    deviceFileOf: (device, rootPrefix) => renderNodeOf(rootPrefix, device.pci_bdf),
  }
}

async function inventory(session: Session, memory: Memory): Promise<Reading> {
  const table = await session.ask([])
  if (isTooSlow(table)) return table
  const cards = await cardsOf(session, memory)
  if (table.status === 'ok' && cards.status === 'ok') {
    memory.modes = modesByPlace(table.output.devices, cards.output.devices)
  }
  const named = await withMore(withModes(cards, session.rootPrefix, memory), {
    ask: () => askFirst(session, ID_QUERIES),
    join: joinByNumber,
  })
  const marked = changedCards(named, markSharedSerials)
  if (marked.status === 'failed') return marked
  const driverVersion = marked.output.driverVersion ?? moduleVersion(session.rootPrefix)
  return { status: 'ok', output: { ...marked.output, driverVersion } }
}

async function sample(session: Session, memory: Memory): Promise<Reading> {
  return withModes(await cardsOf(session, memory), session.rootPrefix, memory)
}

async function cardsOf(session: Session, memory: Memory): Promise<Reading> {
  const answer = await figuresOf(session, memory)
  const isSure = session.tool === 'hy-smi'
  return isSure ? answer : claimed(answer, 'hygon', session.rootPrefix)
}

/** In the form that tells most on this version; found out once, and again after a failure. */
async function figuresOf(session: Session, memory: Memory): Promise<Reading> {
  let best = await (memory.form ?? FORMS[0])(session)
  if (memory.form === null) {
    memory.form = FORMS[0]
    for (const form of FORMS.slice(1)) {
      if (isTooSlow(best) || worthOf(best) === WORTH_MAX) break
      const answer = await form(session)
      if (worthOf(answer) <= worthOf(best)) continue
      best = answer
      memory.form = form
    }
  }
  if (worthOf(best) === 0) memory.form = null
  return best
}

/** Use first, then memory, then processes; what is missing from the best form is not offered. */
function worthOf(answer: Reading): number {
  if (answer.status === 'failed') return 0
  const { devices } = answer.output
  const tells = (key: 'utilization_pct' | 'memory_used_mib' | 'processes', worth: number) =>
    devices.some((device) => device[key] !== null) ? worth : 0
  return tells('utilization_pct', 4) + tells('memory_used_mib', 2) + tells('processes', 1)
}

/** Where the list of processes is not printed beside the figures. */
function inTwoCalls(figures: readonly string[]): Form {
  return async (session) =>
    withMore(await session.ask(figures), {
      ask: () => session.ask(PROCESSES),
      join: withProcessesOf,
      isFatal: () => false,
    })
}

/** The list names a card by its address and its number: both must be those of the card. */
function withProcessesOf(
  devices: readonly RocmDevice[],
  listed: readonly RocmDevice[],
): RocmDevice[] {
  return devices.map((device) => {
    const other = listed.find(({ index }) => index === device.index)
    const isSame = other !== undefined && other.pci_bdf === device.pci_bdf
    return { ...device, processes: isSame ? other.processes : null }
  })
}

/** The table names cards by their numbers of now, which are other ones when a card has gone. */
function modesByPlace(
  table: readonly RocmDevice[],
  cards: readonly RocmDevice[],
): ReadonlyMap<string, string> {
  const byNumber = new Map(table.map(({ index, mode }) => [index, mode]))
  return new Map(
    cards.flatMap((card) => {
      const mode = byNumber.get(card.index) ?? null
      return mode === null ? [] : [[placeOf(card), mode]]
    }),
  )
}

function withModes(answer: Reading, rootPrefix: string, { modes }: Memory): Reading {
  return changedCards(answer, (devices) => {
    const told = devices.map((device) => {
      const mode = device.mode ?? modes.get(placeOf(device)) ?? null
      return mode === null ? device : { ...device, mode }
    })
    return withVirtualParts(told, rootPrefix)
  })
}

function placeOf({ pci_bdf, index }: RocmDevice): string {
  return pci_bdf ?? `${index}`
}

/** Told by the module itself; the tool has a call of its own for it. */
function moduleVersion(rootPrefix: string): string | null {
  for (const name of HYGON_MODULES) {
    try {
      const path = join(rootPrefix || '/', 'sys/module', name, 'version')
      const version = readFileSync(path, 'utf8').trim()
      if (version !== '') return version
    } catch {
      // Not this driver: the other one has another name.
    }
  }
  return null
}
