/**
 * Moore Threads: `mthreads-gmi`. A sample is the table alone, the one output with the processes; it
 * has no power and no health. Ids stand in `-q`.
 */
import { HEALTH_NOT_TOLD, identitiesFrom } from '../card-traits.ts'
import type { Answer, CardVendor, ToolSession } from '../card-vendor.ts'
import { isDesktopProcess } from '../desktop-process.ts'
import { isAnyButUnknownWords, joinByAddress, withMore } from '../inventory-calls.ts'
import { cardVendorModule } from '../tool-probe.ts'
import { type MooreThreadsDevice, TOOL } from './devices.ts'
import { readMooreThreads } from './parse.ts'

async function inventory(
  session: ToolSession<MooreThreadsDevice>,
): Promise<Answer<MooreThreadsDevice>> {
  return withMore(await session.ask([]), {
    ask: () => session.ask(['-q']),
    join: joinByAddress,
    isFatal: isAnyButUnknownWords,
  })
}

const PARTS = /\b(?:parent|instance)\b/i

const VENDOR: CardVendor<MooreThreadsDevice> = {
  vendor: 'moore-threads',
  tools: [TOOL],
  read: readMooreThreads,
  inventory,
  sample: (session) => session.ask([]),
  // The UUID is that of the chip; the serial is printed on the board.
  identitiesOf: ({ uuid, serial }) => identitiesFrom({ strong: uuid, board: serial }),
  offersOf: () => ({
    utilization: true,
    memory: true,
    processes: true,
    health: false,
    power: false,
  }),
  healthOf: () => HEALTH_NOT_TOLD,
  // What the parent of vGPUs has in use is mostly set aside for them.
  splitOf: ({ device_type }) => (PARTS.test(device_type ?? '') ? (device_type ?? null) : null),
  isGraphics: isDesktopProcess,
}

export const mooreThreads = cardVendorModule(VENDOR)
