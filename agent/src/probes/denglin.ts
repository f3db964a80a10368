/**
 * Denglin cards through `dlsmi query --xml-format`, the one known form of the tool (driver 2.2.1): a
 * `<gpu>` per chip. A KS38 QUAD carries four chips that share the card's serial number and differ in
 * UUID and address; the name ends in the chip's place on the card (`KS38 QUAD-3`). An idle chip has
 * about 293 MiB in use.
 */
import type { HealthReading } from '@yiben/shared'
import type { CardReading } from './card.ts'
import { HEALTH_NOT_TOLD } from './card-vendor.ts'
import type { RawIdentity } from './probe.ts'
import { refused, refusedForeign, type ToolName } from './refusal.ts'
import { readSmiXmlDevice, type SmiXmlDevice } from './smi-xml.ts'
import { readWord } from './text.ts'
import { cardVendorModule } from './tool-probe.ts'
import { childrenOf, isUnreadableXml, readXml, textAt } from './xml.ts'

const NAME: ToolName = { vendor: 'denglin', tool: 'dlsmi' }
const QUERY = ['query', '--xml-format']

export const denglin = cardVendorModule<SmiXmlDevice>({
  vendor: 'denglin',
  tools: ['dlsmi'],
  read: readDenglin,
  inventory: (session) => session.ask(QUERY),
  sample: (session) => session.ask(QUERY),
  identitiesOf,
  offersOf: (chip) => ({
    utilization: true,
    memory: true,
    processes: true,
    health: tellsEcc(chip),
    power: chip.power_w !== null,
  }),
  healthOf,
  enginesOf: ({ memory_controller_pct, encoder_pct, decoder_pct }) => ({
    memory_controller: memory_controller_pct,
    encoder: encoder_pct,
    decoder: decoder_pct,
  }),
})

function readDenglin(text: string): CardReading<SmiXmlDevice> {
  const foreign = refusedForeign(text, NAME)
  if (foreign !== null) return foreign
  const root = readXml(text, 'dlsmi_log')
  if (isUnreadableXml(root)) return refused(text, NAME, root.unreadable)
  const devices = childrenOf(root, 'gpu').map(readSmiXmlDevice)
  if (devices.length === 0) return refused(text, NAME, 'The XML names no GPU.')
  const driverVersion = readWord(textAt(root, 'driver_version'))
  return { tool: 'dlsmi', toolVersion: null, driverVersion, devices }
}

/** Without its place on the card a chip cannot be told from its neighbours by the card's serial. */
function identitiesOf({ uuid, serial, name }: SmiXmlDevice): RawIdentity[] {
  const place = /-(\d{1,2})$/.exec(name ?? '')?.[1]
  const board = serial === null || place === undefined ? null : `${serial}/${place}`
  return [
    ...(uuid === null ? [] : [{ strength: 'strong', raw: uuid } as const]),
    ...(board === null ? [] : [{ strength: 'board', raw: board } as const]),
  ]
}

function tellsEcc({ ecc_uncorrected: errors = null }: SmiXmlDevice): boolean {
  return errors !== null
}

function healthOf({ ecc_uncorrected: errors = null }: SmiXmlDevice): HealthReading {
  if (errors === null) return HEALTH_NOT_TOLD
  if (errors === 0) return { status: 'ok', cause: null, detail: null }
  return { status: 'failed', cause: 'ecc', detail: `${errors} uncorrected ECC errors` }
}
