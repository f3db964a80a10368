/**
 * Denglin cards through `dlsmi query --xml-format`, the one known form of the tool (driver 2.2.1): a
 * `<gpu>` per chip. A KS38 QUAD carries four chips that share the card's serial number and differ in
 * UUID and address; the name ends in the chip's place on the card (`KS38 QUAD-3`). An idle chip has
 * about 293 MiB in use.
 */
import { type CardReading, unreadable } from './card.ts'
import { healthByErrors, identitiesFrom } from './card-traits.ts'
import { readSmiXmlDevice, type SmiXmlDevice } from './formats/smi-xml.ts'
import { readWord } from './formats/text.ts'
import { childrenOf, isUnreadableXml, readXml, textAt } from './formats/xml.ts'
import type { RawIdentity } from './probe.ts'
import { readOrRefuse, type ToolName } from './refusal.ts'
import { cardVendorModule } from './tool-probe.ts'

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
    health: typeof chip.ecc_uncorrected === 'number',
    power: chip.power_w !== null,
  }),
  healthOf: ({ ecc_uncorrected }) => healthByErrors(ecc_uncorrected, 'uncorrected ECC errors'),
  enginesOf: ({ memory_controller_pct, encoder_pct, decoder_pct }) => ({
    memory_controller: memory_controller_pct,
    encoder: encoder_pct,
    decoder: decoder_pct,
  }),
})

function readDenglin(text: string): CardReading<SmiXmlDevice> {
  return readOrRefuse(text, NAME, () => {
    const root = readXml(text, 'dlsmi_log')
    if (isUnreadableXml(root)) return unreadable(root.unreadable)
    const devices = childrenOf(root, 'gpu').map(readSmiXmlDevice)
    const driverVersion = readWord(textAt(root, 'driver_version'))
    return { tool: 'dlsmi', toolVersion: null, driverVersion, devices }
  })
}

/** Without its place on the card a chip cannot be told from its neighbours by the card's serial. */
function identitiesOf({ uuid, serial, name }: SmiXmlDevice): RawIdentity[] {
  const place = /-(\d{1,2})$/.exec(name ?? '')?.[1]
  const board = serial === null || place === undefined ? null : `${serial}/${place}`
  return identitiesFrom({ strong: uuid, board })
}
