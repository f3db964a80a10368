/**
 * Hygon DCUs through hy-smi, or the rocm-smi of the DTK on older stacks. All figures and the
 * processes come from one call per sample, because older tools take more than a second for each;
 * ids, the mode of the card and the driver's version are asked at inventory.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, type CardVendor, HEALTH_NOT_TOLD, type ToolSession } from '../card-vendor.ts'
import { renderNodeOf } from '../drm-node.ts'
import { askFirst, joinByNumber } from '../inventory-calls.ts'
import type { RawIdentity, VendorModule } from '../probe.ts'
import type { RocmDevice, RocmOutput } from '../rocm-smi/device.ts'
import { claimed, HYGON_MODULES } from '../rocm-smi/maker.ts'
import { markSharedSerials } from '../shared-serials.ts'
import { cardVendorModule, ToolProbe } from '../tool-probe.ts'
import { readHygon } from './read.ts'
import { splitOf, withVirtualParts } from './split.ts'

const IDENTITY = ['--showid', '--showproductname', '--showuniqueid', '--showserial', '--showbus']
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
  /** Mode by place, from the last inventory; the figures do not tell it. */
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
    identitiesOf,
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

/** A Unique ID is that of the chip; the serial that of the card, or of a board of eight. */
function identitiesOf({ uuid, serial, shares_serial }: RocmDevice): RawIdentity[] {
  const isOwn = serial !== null && shares_serial !== true
  return [
    ...(uuid === null ? [] : [{ strength: 'strong', raw: uuid } as const]),
    ...(isOwn ? [{ strength: 'board', raw: serial } as const] : []),
  ]
}

async function inventory(session: Session, memory: Memory): Promise<Reading> {
  const table = await session.ask([])
  if (isTooSlow(table)) return table
  memory.modes = modesOf(table)
  const figures = await sample(session, memory)
  if (figures.status === 'failed') return figures
  const ids = await askFirst(session, [
    [...IDENTITY, '--showmaxpower', '--json'],
    [...IDENTITY, '--showmaxpower'],
    [...IDENTITY, '--json'],
  ])
  // With fewer ids than it has, a card would seem to be another one.
  if (isTooSlow(ids)) return ids
  const devices =
    ids.status === 'failed'
      ? figures.output.devices
      : joinByNumber(figures.output.devices, ids.output.devices)
  const driverVersion = figures.output.driverVersion ?? moduleVersion(session.rootPrefix)
  return {
    status: 'ok',
    output: { ...figures.output, driverVersion, devices: markSharedSerials(devices) },
  }
}

async function sample(session: Session, memory: Memory): Promise<Reading> {
  const answer = await figuresOf(session, memory)
  if (answer.status === 'failed') return answer
  const isSure = session.tool === 'hy-smi'
  const own = isSure ? answer : await claimed(answer, 'hygon', session.rootPrefix)
  return own.status === 'failed' ? own : withModes(own.output, session.rootPrefix, memory)
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

function isTooSlow(answer: Reading): boolean {
  return answer.status === 'failed' && answer.code === 'tool_timeout'
}

/** Where the list of processes is not printed beside the figures. */
function inTwoCalls(figures: readonly string[]): Form {
  return async (session) => {
    const answer = await session.ask(figures)
    if (answer.status === 'failed') return answer
    const processes = await session.ask(PROCESSES)
    if (processes.status === 'failed') return answer
    const devices = answer.output.devices.map((device) => {
      const other = processes.output.devices.find(({ index }) => index === device.index)
      const isSame = other !== undefined && other.pci_bdf === device.pci_bdf
      return { ...device, processes: isSame ? other.processes : null }
    })
    return { status: 'ok', output: { ...answer.output, devices } }
  }
}

function modesOf(table: Reading): ReadonlyMap<string, string> {
  if (table.status === 'failed') return new Map()
  return new Map(
    table.output.devices.flatMap(({ index, mode }) => (mode ? [[`${index}`, mode]] : [])),
  )
}

function withModes(output: RocmOutput, rootPrefix: string, { modes }: Memory): Reading {
  const devices = output.devices.map((device) => {
    const mode = device.mode ?? modes.get(`${device.index}`)
    return mode === undefined || mode === null ? device : { ...device, mode }
  })
  return { status: 'ok', output: { ...output, devices: withVirtualParts(devices, rootPrefix) } }
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
