/** Makers as people call them, Chinese first, and whether they are domestic. */
import type { Vendor } from '@yiben/shared'

export interface VendorName {
  readonly zh: string
  readonly en: string
  readonly domestic: boolean
}

export const VENDOR_NAMES: Readonly<Record<Vendor, VendorName>> = {
  nvidia: { zh: '英伟达', en: 'NVIDIA', domestic: false },
  ascend: { zh: '华为昇腾', en: 'Huawei Ascend', domestic: true },
  cambricon: { zh: '寒武纪', en: 'Cambricon', domestic: true },
  hygon: { zh: '海光', en: 'Hygon', domestic: true },
  'moore-threads': { zh: '摩尔线程', en: 'Moore Threads', domestic: true },
  metax: { zh: '沐曦', en: 'MetaX', domestic: true },
  enflame: { zh: '燧原', en: 'Enflame', domestic: true },
  iluvatar: { zh: '天数智芯', en: 'Iluvatar CoreX', domestic: true },
  kunlunxin: { zh: '昆仑芯', en: 'Kunlunxin', domestic: true },
  biren: { zh: '壁仞', en: 'Biren', domestic: true },
  'thead-ppu': { zh: '平头哥', en: 'T-Head', domestic: true },
  amd: { zh: '超威半导体', en: 'AMD', domestic: false },
  intel: { zh: '英特尔', en: 'Intel', domestic: false },
  habana: { zh: '英特尔 Habana', en: 'Intel Habana', domestic: false },
  denglin: { zh: '登临', en: 'Denglin', domestic: true },
  vastai: { zh: '瀚博', en: 'Vastai', domestic: true },
  xdx: { zh: '象帝先', en: 'XDX', domestic: true },
  sophgo: { zh: '算能', en: 'Sophgo', domestic: true },
  jingjia: { zh: '景嘉微', en: 'Jingjia Micro', domestic: true },
  loongson: { zh: '龙芯', en: 'Loongson', domestic: true },
  fantasy: { zh: '芯动风华', en: 'Innosilicon Fantasy', domestic: true },
  glenfly: { zh: '格兰菲', en: 'Glenfly', domestic: true },
  lisuan: { zh: '砺算', en: 'Lisuan', domestic: true },
  sietium: { zh: '芯瞳', en: 'Sietium', domestic: true },
  hexaflake: { zh: 'Hexaflake', en: 'Hexaflake', domestic: true },
  lynxi: { zh: '灵汐', en: 'Lynxi', domestic: true },
  axera: { zh: '爱芯元智', en: 'Axera', domestic: true },
  graphcore: { zh: 'Graphcore', en: 'Graphcore', domestic: false },
  tenstorrent: { zh: 'Tenstorrent', en: 'Tenstorrent', domestic: false },
  groq: { zh: 'Groq', en: 'Groq', domestic: false },
  hailo: { zh: 'Hailo', en: 'Hailo', domestic: false },
}
