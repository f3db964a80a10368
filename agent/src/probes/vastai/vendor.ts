/**
 * Vastai cards through `vasmi`. Samples are `vasmi show` as JSON; memory sizes and serial numbers
 * come from `vasmi getmem` at inventory. A unit is a die, which has a PCI function of its own; the
 * serial number is the card's.
 *
 * No output tells the amount of memory in use, and processes are written to a file only (`vasmi
 * pmon --outputfile`), which this agent does not make the tool do: a Vastai card is shown busy when
 * its counters say so, and is never proven free.
 */
import { type CardReading, joinCards } from '../card.ts'
import { type Answer, HEALTH_NOT_TOLD, type ToolSession } from '../card-vendor.ts'
import { refused, refusedForeign, type ToolName } from '../refusal.ts'
import { toolLines } from '../tool-lines.ts'
import { cardVendorModule } from '../tool-probe.ts'
import type { VastaiDevice } from './device.ts'
import { parseVasmiDmon } from './parse-dmon.ts'
import { parseVasmiJson } from './parse-json.ts'
import { parseVasmiPmon } from './parse-pmon.ts'

const NAME: ToolName = { vendor: 'vastai', tool: 'vasmi' }
const SHOW = ['show', '--display-format=json']
const MEMORY = ['getmem', '--display-format=json']

export const vastai = cardVendorModule<VastaiDevice>({
  vendor: 'vastai',
  tools: ['vasmi'],
  read: readVastai,
  inventory,
  sample: (session) => session.ask(SHOW),
  // Of dies that share the card's serial none tells its place on the card.
  identitiesOf: ({ serial, shares_serial }) =>
    serial === null || shares_serial === true ? [] : [{ strength: 'board', raw: serial }],
  offersOf: ({ utilization_pct, power_w }) => ({
    utilization: utilization_pct !== null,
    memory: false,
    processes: false,
    health: false,
    power: power_w !== null,
  }),
  healthOf: () => HEALTH_NOT_TOLD,
  enginesOf: ({ encoder_pct, decoder_pct }) => ({ encoder: encoder_pct, decoder: decoder_pct }),
})

function readVastai(text: string): CardReading<VastaiDevice> {
  const foreign = refusedForeign(text, NAME)
  if (foreign !== null) return foreign
  const lines = toolLines(text)
  const output = parseVasmiJson(text) ?? parseVasmiPmon(lines) ?? parseVasmiDmon(lines)
  return output !== null && output.devices.length > 0 ? output : refused(text, NAME)
}

/** What `show` tells decides what is offered; the sizes come from the other call. */
async function inventory(session: ToolSession<VastaiDevice>): Promise<Answer<VastaiDevice>> {
  const shown = await session.ask(SHOW)
  if (shown.status === 'failed') return shown
  const sizes = await session.ask(MEMORY)
  if (sizes.status === 'failed') return sizes.code === 'tool_timeout' ? sizes : shown
  const place = ({ pci_bdf }: VastaiDevice) => pci_bdf
  const devices = joinCards(shown.output.devices, sizes.output.devices, place)
  return { status: 'ok', output: { ...shown.output, devices } }
}
