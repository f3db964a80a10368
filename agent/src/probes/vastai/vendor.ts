/**
 * Vastai cards through `vasmi`. Samples are `vasmi show` as JSON; memory sizes and serial numbers
 * come from `vasmi getmem` at inventory. A unit is a die, which has a PCI function of its own; the
 * serial number is the card's.
 *
 * No output tells the amount of memory in use, and processes are written to a file only (`vasmi
 * pmon --outputfile`), which this agent does not make the tool do: a Vastai card is shown busy when
 * its counters say so, and is never proven free.
 */
import { HEALTH_NOT_TOLD, identitiesFrom } from '../card-traits.ts'
import type { Answer, ToolSession } from '../card-vendor.ts'
import { joinByAddress, withMore } from '../inventory-calls.ts'
import { ownSerial } from '../shared-serials.ts'
import { cardVendorModule } from '../tool-probe.ts'
import type { VastaiDevice } from './devices.ts'
import { readVastai } from './parse.ts'

const SHOW = ['show', '--display-format=json']
const MEMORY = ['getmem', '--display-format=json']

export const vastai = cardVendorModule<VastaiDevice>({
  vendor: 'vastai',
  tools: ['vasmi'],
  read: readVastai,
  inventory,
  sample: (session) => session.ask(SHOW),
  // Of dies that share the card's serial none tells its place on the card.
  identitiesOf: (die) => identitiesFrom({ board: ownSerial(die) }),
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

/** What `show` tells decides what is offered; the sizes come from the other call. */
async function inventory(session: ToolSession<VastaiDevice>): Promise<Answer<VastaiDevice>> {
  const ask = () => session.ask(MEMORY)
  return withMore(await session.ask(SHOW), { ask, join: joinByAddress })
}
