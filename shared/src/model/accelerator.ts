/**
 * What an accelerator is, and by what it is known: a vendor's own stable id, never an index that
 * can move. Raw ids stay on the node; what travels is a keyed hash (DESIGN 1.5).
 */

/** One spelling per maker; the word every file, table and record uses. */
export const VENDORS = [
  'nvidia',
  'ascend',
  'cambricon',
  'hygon',
  'moore-threads',
  'metax',
  'enflame',
  'iluvatar',
  'kunlunxin',
  'biren',
  'thead-ppu',
  'amd',
  'intel',
  'habana',
  'denglin',
  'vastai',
  'xdx',
  'sophgo',
  'jingjia',
  'loongson',
  'fantasy',
  'glenfly',
  'lisuan',
  'sietium',
  'hexaflake',
  'lynxi',
  'axera',
  'graphcore',
  'tenstorrent',
  'groq',
  'hailo',
] as const
export type Vendor = (typeof VENDORS)[number]

/**
 * How far an id can be trusted: `strong` names the silicon (UUID, die id) and moves with it;
 * `board` names a carrier (card serial); `slot` only a place in one node. Weak ids are prefixed by
 * the node, never raise a conflict and are not depositable by default.
 */
export const IDENTITY_STRENGTHS = ['strong', 'board', 'slot'] as const
export type IdentityStrength = (typeof IDENTITY_STRENGTHS)[number]

/** An id as it travels: which key hashed it, the hash, and how strong the id is. */
export interface Identity {
  readonly keyNumber: number
  /** HMAC over vendor, strength and raw id; 32 bytes as lower-case hex. */
  readonly hash: string
  readonly strength: IdentityStrength
}

/**
 * `card`: an accelerator as the vendor's tool lists it. `slice`: a part cut out of one (MIG, vNPU,
 * sMLU). `unsliced`: what is left of a cut card, so that the shares sum to the whole.
 */
export const UNIT_KINDS = ['card', 'slice', 'unsliced'] as const
export type UnitKind = (typeof UNIT_KINDS)[number]

/** Shares of a cut card are integer parts per million and sum to exactly this. */
export const SHARE_PPM_WHOLE = 1_000_000

/** One measured unit of a node as told to the collector, under an index of this epoch. */
export interface UnitFacts {
  /** Assigned once per epoch, from 0, never reused. */
  readonly index: number
  readonly kind: UnitKind
  /** Index of the cut card this is a part of; `null` for a card. */
  readonly parentIndex: number | null
  readonly vendor: Vendor
  /** As the vendor's tool prints it; the collector's catalogue makes a model of it. */
  readonly name: string
  readonly memoryTotalMib: number | null
  readonly powerCapWatts: number | null
  readonly sharePpm: number
  readonly driverVersion: string | null
  /** Empty where the machine shows a card that no tool could identify. */
  readonly identities: readonly Identity[]
}

/** How one probe fared, for the people who look after the node; never a path or a serial. */
export interface ProbeFacts {
  readonly vendor: Vendor
  /** Which way was used: `nvml`, `nvidia-smi`, `npu-smi` …; `null` when none worked. */
  readonly tool: string | null
  readonly toolVersion: string | null
  readonly unitsFound: number
  /** Accelerators of this vendor on the PCI bus. */
  readonly cardsPresent: number
  /** A stable code and one sentence when something could not be read. */
  readonly problemCode: string | null
  readonly problem: string | null
}

/** What kind of proof of possession this node has (DESIGN 2.1). */
export const OWNER_KINDS = ['unstated', 'none', 'contract', 'slurm', 'kubernetes'] as const
export type OwnerKind = (typeof OWNER_KINDS)[number]

export interface NodeFacts {
  /** Counts up with each change within an epoch, from 1. */
  readonly revision: number
  /** When it took effect on the node's own timeline: UTC epoch ms. */
  readonly atMs: number
  readonly agentVersion: string
  readonly bootId: string
  readonly operatingSystem: string | null
  readonly kernel: string | null
  readonly architecture: string | null
  readonly cpuModel: string | null
  readonly cpuCores: number | null
  readonly memoryTotalMib: number | null
  /** `none`, `kvm`, `docker` …; absent where it could not be told. */
  readonly virtualization: string | null
  readonly ownerKind: OwnerKind
  readonly units: readonly UnitFacts[]
  readonly probes: readonly ProbeFacts[]
}
