/**
 * Iluvatar GPUs through ixsmi: `-q -x` has everything in one call, ids and processes too. A version
 * that does not answer it is read by its table, whose dies keep the ids that `-L` or an earlier
 * log told of them. The two dies of a board (BI-V150, MR-V100 DUO) are two devices, each with its
 * own power where the tool tells it; that of the board is never put on both.
 */
import type { HealthReading } from '@yiben/shared'
import { failedHealth, healthByErrors, identitiesFrom } from '../card-traits.ts'
import type { Answer, CardVendor, ToolSession } from '../card-vendor.ts'
import { askFirst, inventoryWithIds } from '../inventory-calls.ts'
import type { OfferedSignals, RawIdentity } from '../probe.ts'
import { ownSerial } from '../shared-serials.ts'
import { cardVendorModule } from '../tool-probe.ts'
import type { IluvatarDevice } from './devices.ts'
import { readIluvatar } from './parse.ts'

const LOG = ['-q', '-x'] as const
const TABLE: readonly string[] = []

/**
 * The tool lies beside its libraries and does not find them by itself. The loader replaces
 * `$ORIGIN` by the folder of the tool: folders bear the version (`/usr/local/corex-4.3.0`).
 */
const LIBRARY_FOLDERS = [
  '$ORIGIN/../lib64',
  '$ORIGIN/../lib',
  '/usr/local/corex/lib64',
  '/usr/local/corex/lib',
]

const description: CardVendor<IluvatarDevice> = {
  vendor: 'iluvatar',
  tools: ['ixsmi'],
  environment: { LD_LIBRARY_PATH: LIBRARY_FOLDERS.join(':') },
  read: readIluvatar,
  inventory,
  sample: (session) => askFirst(session, [LOG, TABLE]),
  identitiesOf,
  offersOf,
  healthOf,
  enginesOf: (device) => ({
    encoder: device.encoder_utilization_pct ?? undefined,
    decoder: device.decoder_utilization_pct ?? undefined,
  }),
  deviceFileOf: ({ minor_number: minor }) =>
    typeof minor === 'number' ? `/dev/iluvatar${minor}` : null,
  splitOf,
}

export const iluvatar = cardVendorModule(description)

async function inventory(session: ToolSession<IluvatarDevice>): Promise<Answer<IluvatarDevice>> {
  const log = await session.ask(LOG)
  if (log.status === 'ok' || log.code === 'tool_timeout') return log
  const table = await inventoryWithIds(session, TABLE, [['-L']])
  return table.status === 'ok' ? table : log
}

/** The serial is the board's: with two dies on it only the place on the board tells them apart. */
function identitiesOf(device: IluvatarDevice): RawIdentity[] {
  const { uuid, serial, gpu_position: position = null } = device
  // In a container the other die of the board is not listed.
  const isOneOfSeveral = ownSerial(device) === null || /^yes$/i.test(device.multigpu_board ?? '')
  const place = serial === null || position === null ? null : `${serial}/${position}`
  return identitiesFrom({ strong: uuid, board: isOneOfSeveral ? place : serial })
}

function offersOf(device: IluvatarDevice): OfferedSignals {
  return {
    utilization: true,
    memory: true,
    processes: device.processes !== null,
    health: healthOf(device).status !== 'unknown',
    power: device.power_w !== null,
  }
}

function healthOf({ faulty, double_bit_errors: errors }: IluvatarDevice): HealthReading {
  return faulty === true
    ? failedHealth('health', 'its sensors do not answer (65535 W, or 0 C under load)')
    : healthByErrors(errors, 'double-bit errors')
}

/** A guest with a whole card says `Pass-Through`, as tools modelled on nvidia-smi do. */
function splitOf({ virtualization_mode: mode = null }: IluvatarDevice): string | null {
  return mode !== null && /vgpu|vsga|sr-?iov|\bvf\b/i.test(mode) ? mode : null
}
