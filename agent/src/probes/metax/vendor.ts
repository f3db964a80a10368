/**
 * MetaX: `mx-smi`, and `ht-smi`, the same tool under another brand. A sample is the table alone:
 * utilization, memory, power, state and processes. UUIDs stand in `-L`; error counters change
 * seldom and cost a call of their own, so they are asked for with the inventory and remembered.
 */
import type { HealthReading } from '@yiben/shared'
import {
  failedHealth,
  HEALTH_NOT_TOLD,
  HEALTH_OK,
  identitiesFrom,
  splitByWord,
} from '../card-traits.ts'
import type { Answer, CardVendor, ToolSession } from '../card-vendor.ts'
import { renderNodeOf } from '../drm-node.ts'
import { changedCards, isAnyButUnknownWords, joinByAddress, withMore } from '../inventory-calls.ts'
import type { VendorModule } from '../probe.ts'
import { cardVendorModule, ToolProbe } from '../tool-probe.ts'
import type { EccCounters, MetaxDevice } from './devices.ts'
import { readMetax } from './parse.ts'

async function askInventory(session: ToolSession<MetaxDevice>): Promise<Answer<MetaxDevice>> {
  const named = await withMore(await session.ask([]), {
    ask: () => session.ask(['-L']),
    join: (cards, ids) => joinByAddress(cards, ids.map(withoutState)),
    isFatal: isAnyButUnknownWords,
  })
  return withMore(named, {
    ask: () => session.ask(['--count-ecc']),
    join: joinByAddress,
    isFatal: () => false,
  })
}

/** The state is not taken from the list: what is offered is what the table alone tells. */
function withoutState(device: MetaxDevice): MetaxDevice {
  return { ...device, state: null }
}

/**
 * The state of the card, then the errors that were not corrected. Pages taken out of use are no
 * problem by themselves: retiring a page is how the card repairs itself.
 */
function healthOf({ state = null, ecc = null }: MetaxDevice): HealthReading {
  if (state !== null && !/^available$/i.test(state)) return failedHealth('health', state)
  const wrong = counterOver(ecc, /(?:^|_)(?:un|in)correct/)
  if (wrong !== null) return failedHealth('ecc', wrong)
  return state === null && ecc === null ? HEALTH_NOT_TOLD : HEALTH_OK
}

/** The first counter of that name which is not zero, in words. */
function counterOver(ecc: EccCounters | null, name: RegExp): string | null {
  const found = Object.entries(ecc ?? {}).find(([key, count]) => name.test(key) && count > 0)
  return found === undefined ? null : `${found[0].replaceAll('_', ' ')}: ${found[1]}`
}

/** Words of the sGPU column for a card in one piece; any other one is a card shared out in parts. */
const WHOLE_MODES = new Set(['native', 'disable', 'disabled', 'off', 'none'])

function describe(): CardVendor<MetaxDevice> {
  let countersByPlace: ReadonlyMap<string | null, EccCounters> = new Map()
  return {
    vendor: 'metax',
    tools: ['mx-smi', 'ht-smi'],
    read: readMetax,
    inventory: async (session) => {
      const answer = await askInventory(session)
      if (answer.status === 'failed') return answer
      // A count that is not told this time was not set back.
      countersByPlace = new Map([
        ...countersByPlace,
        ...answer.output.devices.flatMap(({ pci_bdf, ecc }) =>
          ecc ? [[pci_bdf, ecc] as const] : [],
        ),
      ])
      return answer
    },
    sample: async (session) => {
      const withCounters = (device: MetaxDevice) => {
        return { ...device, ecc: countersByPlace.get(device.pci_bdf) ?? null }
      }
      return changedCards(await session.ask([]), (devices) => devices.map(withCounters))
    },
    identitiesOf: ({ uuid }) => identitiesFrom({ strong: uuid }),
    offersOf: (device) => ({
      utilization: true,
      memory: true,
      processes: true,
      health: healthOf(device).status !== 'unknown',
      power: device.power_w !== null,
    }),
    healthOf,
    deviceFileOf: ({ pci_bdf }, rootPrefix) => renderNodeOf(rootPrefix, pci_bdf),
    splitOf: ({ sgpu_mode }) => {
      const mode = splitByWord(sgpu_mode, WHOLE_MODES)
      return mode === null ? null : `sGPU ${mode}`
    },
  }
}

/** Every probe remembers the counters of its own machine. */
export const metax: VendorModule = {
  ...cardVendorModule(describe()),
  create: (context) => new ToolProbe(describe(), context),
}
