/**
 * Which PCI functions are accelerators, and of whom: our own table, because the `pci.ids` of the
 * distributions in use lack most parts made since 2023 (MetaX, Enflame S60, Moore Threads S4000 …).
 * Ids from pciutils/pciids of 2026-08-22 and from captured tool outputs.
 */
import type { Vendor } from '@yiben/shared'

/**
 * What besides the vendor id makes a function an accelerator. `any`: a maker of nothing else.
 * `class`: one of the accelerator classes. `id`: only the listed ids, because the maker's desktop
 * and integrated graphics show the same classes.
 */
type Accepts = 'any' | 'class' | 'id'

export interface PciVendorRow {
  /** Four hex digits, lower case, as sysfs prints after `0x`. */
  readonly vendorId: string
  readonly vendor: Vendor
  readonly accepts: Accepts
  /** Classes (base and sub, four hex digits) instead of the usual ones. */
  readonly classes?: readonly string[]
  readonly models: Readonly<Record<string, string>>
  /** Device ids of functions that are none, whatever their class. */
  readonly never?: readonly string[]
  /** Device ids of virtual functions; others are told by `physfn`. */
  readonly virtual?: readonly string[]
}

/** VGA, 3D, other display, co-processor, processing accelerator. */
export const ACCELERATOR_CLASSES = ['0300', '0302', '0380', '0b40', '1200'] as const
/** Base classes that are never one: storage, network, bridges (NVSwitch too), input, serial bus. */
const NEVER_BASE_CLASSES = ['01', '02', '06', '07', '08', '09', '0a', '0c', '0d'] as const
/** Audio functions of graphics cards. */
const AUDIO_CLASS = '0403'

const PCI_VENDORS: readonly PciVendorRow[] = [
  {
    vendorId: '10de',
    vendor: 'nvidia',
    accepts: 'class',
    never: ['1af1', '22a3'],
    models: {
      '1db1': 'V100',
      '1db4': 'V100',
      '1db5': 'V100',
      '1db6': 'V100',
      '1eb8': 'T4',
      '20b0': 'A100',
      '20b1': 'A100',
      '20b2': 'A100',
      '20b5': 'A100',
      '20f1': 'A100',
      '20b7': 'A30',
      '2235': 'A40',
      '2236': 'A10',
      '20bd': 'A800 SXM4 40GB',
      '20f3': 'A800 SXM4 80GB',
      '20f5': 'A800 PCIe 80GB',
      '20f6': 'A800 PCIe 40GB',
      '2322': 'H800 PCIe',
      '2324': 'H800',
      '233a': 'H800',
      '2329': 'H20',
      '232c': 'H20 HBM3e',
      '2328': 'H20B',
      '230c': 'H20 NVL16',
      '230e': 'H20 NVL16',
      '26b7': 'L20',
      '26ba': 'L20',
      '27b6': 'L2',
      '2bb2': 'RTX PRO 6000D',
      '2bbc': 'RTX PRO 6000D',
      '2bb9': 'RTX 6000D',
      '2330': 'H100 SXM5',
      '2331': 'H100 PCIe',
      '2335': 'H200',
      '233b': 'H200 NVL',
      '2336': 'H100',
      '2337': 'H100',
      '2338': 'H100',
      '2339': 'H100',
      '2342': 'GH200',
      '2348': 'GH200',
      '26b5': 'L40',
      '26b9': 'L40S',
      '27b8': 'L4',
      '26b1': 'RTX 6000 Ada',
      '2901': 'B200',
      '2909': 'B200 168GB',
      '2941': 'GB200',
      '3182': 'B300',
      '31c2': 'GB300',
      '31c3': 'GB300',
      '2bb5': 'RTX PRO 6000 Server',
    },
  },
  {
    vendorId: '1002',
    vendor: 'amd',
    accepts: 'id',
    virtual: ['74b5', '74b9'],
    models: {
      '6860': 'MI25',
      '66a0': 'MI50/60',
      '66a1': 'MI50/60',
      '738c': 'MI100',
      '738e': 'MI100',
      '740f': 'MI210',
      '740c': 'MI250/MI250X',
      '7408': 'MI250/MI250X',
      '74a0': 'MI300A',
      '74a1': 'MI300X',
      '74a2': 'MI308X',
      '74a5': 'MI325X',
      '74a9': 'MI300X HF',
      '74bd': 'MI300X HF',
      '74b5': 'MI300X VF',
      '74b9': 'MI325X VF',
      '75a0': 'MI350X',
      '75a3': 'MI355X',
      '75a8': 'MI350P',
      '7551': 'Radeon AI PRO R9700',
      '7448': 'W7900',
      '744a': 'W7900',
      '744b': 'W7900',
      '7460': 'V710',
      '7461': 'V710',
    },
  },
  {
    vendorId: '8086',
    vendor: 'intel',
    accepts: 'id',
    models: {
      '0bd0': 'Max (early)',
      '0bd4': 'Max 1550',
      '0bd5': 'Max 1550',
      '0bd6': 'Max 1550',
      '0bd7': 'Max 1350',
      '0bd8': 'Max 1350',
      '0bd9': 'Max 1100',
      '0bda': 'Max 1100',
      '0bdb': 'Max 1100',
      '0b69': 'Max 1450',
      '0b6e': 'Max 1100C',
      '56c0': 'Flex 170',
      '56c1': 'Flex 140',
      '56c2': 'Flex 170V',
      e20b: 'Arc B580',
      e211: 'Arc Pro B60',
      e212: 'Arc Pro B50',
      e222: 'Arc Pro B65',
      e223: 'Arc Pro B70',
    },
  },
  {
    vendorId: '1da3',
    vendor: 'habana',
    accepts: 'any',
    models: {
      '0001': 'Goya',
      '0030': 'Greco',
      '1000': 'Gaudi',
      '1010': 'Gaudi',
      '1020': 'Gaudi2',
      '1060': 'Gaudi3',
      '1063': 'Gaudi3',
    },
  },
  {
    vendorId: '19e5',
    vendor: 'ascend',
    accepts: 'class',
    // The same maker's management graphics (1711) are VGA, so only the accelerator class counts.
    classes: ['1200'],
    models: {
      d100: 'Ascend 310',
      d500: 'Ascend 310P',
      d801: 'Ascend 910A',
      d802: 'Ascend 910B',
      d806: 'Ascend 950PR',
    },
  },
  {
    vendorId: 'cabc',
    vendor: 'cambricon',
    accepts: 'any',
    models: { '0270': 'MLU270', '0370': 'MLU370' },
  },
  {
    vendorId: '1d94',
    vendor: 'hygon',
    accepts: 'class',
    models: { '6211': 'K100_AI' },
  },
  {
    vendorId: '1ed5',
    vendor: 'moore-threads',
    accepts: 'class',
    never: ['01ff', '02ff', '03ff'],
    models: {
      '0222': 'MTT S3000',
      '0225': 'MTT S3000E',
      '0323': 'MTT S4000',
      '0327': 'MTT S4000',
      '0328': 'MTT S4000',
      '0123': 'MTT S2000',
      '0122': 'MTT S1000',
      '0121': 'MTT S1000',
      '0111': 'MTT S100',
      '0201': 'MTT S80',
      '0202': 'MTT S70',
      '0301': 'MTT S90',
      '0211': 'MTT X300',
      '0313': 'MTT X500',
    },
  },
  { vendorId: '9999', vendor: 'metax', accepts: 'any', models: { '0a01': 'C500' } },
  {
    vendorId: '1e36',
    vendor: 'enflame',
    accepts: 'any',
    models: {
      '0001': 'T10/T11',
      '0002': 'T10/T11',
      '0003': 'T10/T11',
      '0021': 'T20/T21',
      '0022': 'T20/T21',
      '0023': 'T20/T21',
      '0024': 'T20/T21',
      '8001': 'I20',
      '8011': 'I10',
      '8012': 'I10L',
      '8031': 'S6',
      '8032': 'S6',
      c031: 'S30',
      c032: 'S90',
      c033: 'S60G',
      c035: 'S60',
      c041: 'L300',
      c042: 'L600',
    },
  },
  {
    vendorId: '1e3e',
    vendor: 'iluvatar',
    accepts: 'any',
    models: { '0002': 'MR-V100', '0003': 'BI-V150' },
  },
  {
    vendorId: '1d22',
    vendor: 'kunlunxin',
    accepts: 'class',
    classes: ['0300', '0302', '0380', '0780', '0b40', '1200'],
    never: ['1380'],
    virtual: ['3685'],
    models: { '3684': 'Kunlun R200 series', '3685': 'KL2 VF', '3688': 'P800 OAM' },
  },
  { vendorId: '2057', vendor: 'kunlunxin', accepts: 'id', models: { '3686': 'P800 PCIe' } },
  { vendorId: '1ee0', vendor: 'biren', accepts: 'any', models: {} },
  {
    vendorId: '1ded',
    vendor: 'thead-ppu',
    accepts: 'class',
    never: ['107f', '5007', '8000', '8001', '8002', '8003', '8004'],
    models: { '6001': 'PPU' },
  },
  {
    vendorId: '1ec6',
    vendor: 'vastai',
    accepts: 'any',
    virtual: ['020f'],
    models: { '0100': 'SV100', '0200': 'SG100', '020f': 'SG100 vGPU', '0300': 'SR100' },
  },
  { vendorId: '1e27', vendor: 'denglin', accepts: 'any', models: { '0006': 'KS38' } },
  { vendorId: '1f1c', vendor: 'sophgo', accepts: 'id', models: { '1686': 'BM1684X' } },
  { vendorId: '1e30', vendor: 'sophgo', accepts: 'id', models: { '1684': 'BM1684' } },
  {
    vendorId: '0731',
    vendor: 'jingjia',
    accepts: 'any',
    models: {
      '7200': 'JM7200',
      '9100': 'JM9 series',
      '9200': 'JM9 series',
      '9210': 'JM9 series',
      '9230': 'JM9 series',
      '9250': 'JM9 series',
      '1100': 'JM1100',
      '1102': 'JM1100',
      '910a': 'JH9 series',
      '920a': 'JH9 series',
      '920b': 'JH9 series',
      '920c': 'JH9 series',
    },
  },
  {
    vendorId: '0014',
    vendor: 'loongson',
    accepts: 'id',
    models: { '7a25': 'LG100', '7a35': 'LG200', '7a15': 'GC1000', '7a05': 'GC1000' },
  },
  {
    vendorId: '1ec8',
    vendor: 'fantasy',
    accepts: 'class',
    never: ['8902'],
    models: {
      '8800': 'Fantasy I',
      '8810': 'Fantasy I',
      '8811': 'Fantasy I',
      '9800': 'Fantasy II',
      '9810': 'Fantasy II',
      '8820': 'Fantasy III',
      '8900': 'GR308',
      '8904': 'GR308',
      '9a00': 'GR316',
    },
  },
  {
    vendorId: '1eed',
    vendor: 'xdx',
    accepts: 'class',
    never: ['10a1', '1810', '1820', '1830'],
    models: { '15a3': 'R1900', '13d3': 'R1610', '1503': 'R1800', '1323': 'R1500' },
  },
  {
    vendorId: '6766',
    vendor: 'glenfly',
    accepts: 'class',
    never: ['3d40', '3d41', '3d42', '3d43'],
    models: { '3d00': 'Arise', '3d02': 'Arise', '3d03': 'Arise', '3d04': 'Arise', '3d06': 'Arise' },
  },
  { vendorId: '4c54', vendor: 'lisuan', accepts: 'any', models: { '5000': '7G100 series' } },
  { vendorId: '8510', vendor: 'sietium', accepts: 'any', models: { '0201': 'GenBu02' } },
  {
    vendorId: '1faa',
    vendor: 'hexaflake',
    accepts: 'any',
    virtual: ['0c11', '0c81'],
    models: { '0c10': 'Compass C10', '0c80': 'Compass2 C80' },
  },
  { vendorId: '1e9f', vendor: 'lynxi', accepts: 'any', models: {} },
  { vendorId: '1f4b', vendor: 'axera', accepts: 'any', models: {} },
  {
    vendorId: '1d95',
    vendor: 'graphcore',
    accepts: 'any',
    models: { '0001': 'GC2', '0002': 'GC1' },
  },
  {
    vendorId: '1e52',
    vendor: 'tenstorrent',
    accepts: 'any',
    models: { faca: 'Grayskull', '401e': 'Wormhole', b140: 'Blackhole' },
  },
  { vendorId: '1de0', vendor: 'groq', accepts: 'any', models: { '0000': 'TSP' } },
  {
    vendorId: '1e60',
    vendor: 'hailo',
    accepts: 'any',
    models: { '2864': 'Hailo-8', '45c4': 'Hailo-10H' },
  },
]

const BY_VENDOR_ID = new Map(PCI_VENDORS.map((row) => [row.vendorId, row]))

export interface PciFunction {
  readonly vendorId: string
  readonly deviceId: string
  /** Base and sub class, four hex digits. */
  readonly classCode: string
}

/** The row of a function that is an accelerator; `null` for every other function. */
export function acceleratorRow(fn: PciFunction): PciVendorRow | null {
  const row = BY_VENDOR_ID.get(fn.vendorId)
  if (row === undefined || fn.classCode === AUDIO_CLASS) return null
  if (row.never?.includes(fn.deviceId) === true) return null
  const classes = row.classes ?? ACCELERATOR_CLASSES
  const isOfClass = classes.some((code) => code === fn.classCode)
  switch (row.accepts) {
    case 'any':
      // Some makers give their cards no class of accelerators at all, but none gives that of a bridge.
      return isOfClass || !isNeverClass(fn.classCode) ? row : null
    case 'class':
      return isOfClass ? row : null
    case 'id':
      return Object.hasOwn(row.models, fn.deviceId) && !isNeverClass(fn.classCode) ? row : null
    default:
      return row.accepts satisfies never
  }
}

function isNeverClass(classCode: string): boolean {
  return NEVER_BASE_CLASSES.some((base) => classCode.startsWith(base))
}
