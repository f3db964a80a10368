/**
 * The idle baselines an agent ships with: memory and power that a card shows with nothing running.
 *
 * One row per row of the catalogue's `idle-baselines.csv`, in its order; a test holds the two equal.
 * They are few observations: a start, lowered and approved by what a fleet shows. Power is `null`
 * where no capture told it.
 */
import type { UnitKind, Vendor } from '@yiben/shared'

export interface IdleBaseline {
  readonly vendor: Vendor
  /** As the vendor's tool prints it. */
  readonly name: string
  /** What set this observation apart from the others of that name; `null` for the ordinary one. */
  readonly remark: string | null
  readonly kind: UnitKind
  readonly memoryTotalMib: number
  readonly idleMemoryUsedMibMax: number
  readonly idlePowerWattsMax: number | null
  /** Captures behind the row. */
  readonly observations: number
}

type Row = readonly [
  vendor: Vendor,
  name: string,
  memoryTotalMib: number,
  idleMemoryUsedMibMax: number,
  idlePowerWattsMax: number | null,
  observations: number,
  remark?: string,
]

const ROWS: readonly Row[] = [
  ['ascend', '310P3', 44278, 1472, null, 2],
  ['ascend', '910B2C', 65536, 3317, 93.8, 2],
  ['ascend', '910B3', 65536, 3407, 97.8, 7],
  ['ascend', '910B4', 32768, 2922, 89.9, 1],
  ['ascend', '910B4-1', 65536, 3383, 93.6, 6],
  ['ascend', 'Ascend910', 65536, 3413, 189.1, 27],
  ['ascend', 'Ascend950PR', 131072, 5239, 195.6, 1],
  ['biren', 'Biren106B', 32512, 0, 35, 1],
  ['cambricon', 'MLU370-X4', 23308, 0, 30, 5],
  ['cambricon', 'MLU370-X8', 20638, 0, 107, 4],
  ['denglin', 'KS38 QUAD-0', 32768, 293, 5.91, 2],
  ['denglin', 'KS38 QUAD-1', 32768, 293, 5.88, 2],
  ['denglin', 'KS38 QUAD-2', 32768, 293, 6.31, 2],
  ['denglin', 'KS38 QUAD-3', 32768, 293, 6.93, 2],
  ['iluvatar', 'Iluvatar BI-V100', 16384, 9, 58, 2],
  ['iluvatar', 'Iluvatar BI-V150', 32768, 116, 107, 34],
  ['iluvatar', 'Iluvatar BI-V150S', 32768, 114, 13, 3],
  ['iluvatar', 'Iluvatar MR-V100 DUO', 32768, 68, 40, 2],
  ['kunlunxin', 'P800 OAM', 98304, 0, 90, 35],
  ['kunlunxin', 'P800 PCIe', 98304, 0, 76, 1],
  ['kunlunxin', 'R300', 32768, 0, null, 2],
  ['metax', 'Mars X201', 65536, 858, 38, 1],
  ['metax', 'MetaX C500', 65536, 858, 60, 10],
  ['metax', 'MetaX C550', 65536, 858, 56, 8],
  ['moore-threads', 'MTT S5000', 81920, 0, null, 8],
  ['moore-threads', 'MTT S80', 16384, 2, null, 1],
  ['nvidia', 'Graphics Device', 5912, 0, 8.93, 1],
  ['nvidia', 'NVIDIA A10', 23028, 4, 43.89, 1],
  ['nvidia', 'NVIDIA GeForce RTX 3060', 12288, 116, 11.6, 1],
  ['nvidia', 'NVIDIA GeForce RTX 3090', 24576, 1, 27.23, 1],
  ['nvidia', 'NVIDIA GeForce RTX 4090', 24564, 2, 30.72, 13],
  ['nvidia', 'NVIDIA H100 80GB HBM3', 81559, 1, 74.76, 31],
  ['nvidia', 'Quadro P2000', 5120, 1, 4.61, 1],
  ['nvidia', 'Quadro P400', 1998, 0, null, 1],
  ['nvidia', 'Tesla P100-PCIE-16GB', 16384, 0, 26.16, 1],
  ['thead-ppu', 'PPU-ZW810E', 98304, 9, 82, 18],
  ['amd', 'MI300X', 196592, 284, 141, 1],
  ['hygon', 'K100_AI', 65520, 2, 110, 1],
  ['nvidia', 'NVIDIA H100', 81559, 472, 70, 1, 'driver 5xx, persistence on'],
  ['ascend', '310P3', 44280, 1507, null, 1, 'second source'],
  ['ascend', '910B2', 65536, 3420, 100, 1],
]

export const IDLE_BASELINES: readonly IdleBaseline[] = ROWS.map(
  ([
    vendor,
    name,
    memoryTotalMib,
    idleMemoryUsedMibMax,
    idlePowerWattsMax,
    observations,
    remark,
  ]) => ({
    vendor,
    name,
    remark: remark ?? null,
    kind: 'card',
    memoryTotalMib,
    idleMemoryUsedMibMax,
    idlePowerWattsMax,
    observations,
  }),
)
