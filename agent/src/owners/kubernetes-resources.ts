/**
 * Which resources of a kubelet are accelerators, of which vendor, and what their device ids say:
 * two tables, the second by vendor. Rows that name a plugin follow its source; everything else is
 * taken by the maker's domain and matched only where an id is exactly a unit's own id, PCI address
 * or device node. A configuration's rules stand before the tables.
 */
import type { Vendor } from '@yiben/shared'

/**
 * `exact`: the ids the kubelet tells are the devices the pods use. `substituted`: the plugin may
 * hand out another device of the same resource, chosen by a scheduler that tells the kubelet
 * nothing; the count is right, the names are not proven.
 */
export const ASSIGNMENTS = ['exact', 'substituted'] as const
export type Assignment = (typeof ASSIGNMENTS)[number]

/** A rule of the configuration; `name` may end in `*`. */
export interface ResourceRule {
  readonly name: string
  /** `null`: no accelerator, or one counted by another resource already. */
  readonly vendor: Vendor | null
  readonly ids: Assignment
}

export interface Resource {
  readonly vendor: Vendor
  readonly ids: Assignment
}

interface Row {
  readonly name: RegExp
  readonly vendor: Vendor | null
  readonly ids: Assignment
}

/** The first that fits. */
const ROWS: readonly Row[] = [
  // Network cards in GPU makers' domains (network operators of NVIDIA and AMD), IMEX channels.
  { name: /^nvidia\.com\/(?:hostdev|rdma|mlnx)/, vendor: null, ids: 'exact' },
  { name: /^compute-domain\.nvidia\.com$/, vendor: null, ids: 'exact' },
  { name: /^amd\.com\/v?nic/, vendor: null, ids: 'exact' },
  // Intel: opens every card to a monitor, gives none away. Cambricon: a count beside the shares.
  { name: /^gpu\.intel\.com\/.*monitoring$/, vendor: null, ids: 'exact' },
  { name: /^cambricon\.com\/real-mlu-counts$/, vendor: null, ids: 'exact' },
  // Aliyun's gpushare and Volcano's vGPU bind by pod annotation.
  { name: /^aliyun\.com\/gpu-mem$/, vendor: 'nvidia', ids: 'substituted' },
  { name: /^volcano\.sh\/vgpu-number$/, vendor: 'nvidia', ids: 'substituted' },
  // cambricon-device-plugin in mode dynamic-smlu: cores and memory of the card an annotation names.
  { name: /^cambricon\.com\/mlu[^/]*\.smlu\./, vendor: 'cambricon', ids: 'substituted' },
  // ascend-device-plugin: preset vNPUs are named truly; with `volcanoType`, which its Volcano
  // deployment sets, whole NPUs and cores are those of the annotation `huawei.com/AscendReal`.
  { name: /^huawei\.com\/npu-core$/, vendor: 'ascend', ids: 'substituted' },
  { name: /^huawei\.com\/Ascend\w+-\d+c/, vendor: 'ascend', ids: 'exact' },
  // Memory and cores beside the resource that counts the cards (HAMi and its mock plugin).
  { name: /\/.*(?:mem|memory|mem-percentage|cores?|core-pct)$/i, vendor: null, ids: 'exact' },
  { name: /^huawei\.com\/(?:Ascend|npu|davinci)/, vendor: 'ascend', ids: 'substituted' },
  // Shares of a card under HAMi: the scheduler writes its choice into an annotation.
  { name: /^enflame\.com\/(?:drs-|shared-|v)gcu/, vendor: 'enflame', ids: 'substituted' },
  { name: /^hygon\.com\/dcunum$/, vendor: 'hygon', ids: 'substituted' },
  { name: /^iluvatar\.ai\/.*-vgpu$/, vendor: 'iluvatar', ids: 'substituted' },
  { name: /^kunlunxin\.com\/v?xpu$/, vendor: 'kunlunxin', ids: 'substituted' },
  { name: /^metax-tech\.com\/sgpu$/, vendor: 'metax', ids: 'substituted' },
  { name: /^mthreads\.com\/[sv]gpu$/, vendor: 'moore-threads', ids: 'substituted' },
  { name: /^vastaitech\.com\/va$/, vendor: 'vastai', ids: 'substituted' },
  // The rest of these domains is not accelerators.
  { name: /^alibabacloud\.com\/ppu/, vendor: 'thead-ppu', ids: 'exact' },
]

/** Domains of device plugins' resources and of DRA drivers. */
const DOMAINS: Readonly<Record<string, Vendor>> = {
  'nvidia.com': 'nvidia',
  'huawei.com': 'ascend',
  'cambricon.com': 'cambricon',
  'hygon.com': 'hygon',
  'mthreads.com': 'moore-threads',
  'metax-tech.com': 'metax',
  'enflame.com': 'enflame',
  'iluvatar.com': 'iluvatar',
  'iluvatar.ai': 'iluvatar',
  'kunlunxin.com': 'kunlunxin',
  'birentech.com': 'biren',
  'amd.com': 'amd',
  'gpu.intel.com': 'intel',
  'habana.ai': 'habana',
  'gaudi.intel.com': 'habana',
  'vastaitech.com': 'vastai',
}

/** Of a device plugin's resource or a DRA driver; `null`: not an accelerator's. */
export function resourceOf(name: string, rules: readonly ResourceRule[]): Resource | null {
  const row = rules.find((rule) => isNamedBy(rule, name)) ?? ROWS.find((one) => one.name.test(name))
  if (row !== undefined) return row.vendor === null ? null : { vendor: row.vendor, ids: row.ids }
  const vendor = vendorOfDomain(name)
  return vendor === null ? null : { vendor, ids: 'exact' }
}

function isNamedBy(rule: ResourceRule, name: string): boolean {
  return rule.name.endsWith('*') ? name.startsWith(rule.name.slice(0, -1)) : name === rule.name
}

/** `gpu.nvidia.com` belongs to `nvidia.com`. */
function vendorOfDomain(name: string): Vendor | null {
  const labels = (name.split('/')[0] ?? '').split('.')
  const domains = labels.map((_label, at) => labels.slice(at).join('.'))
  const known = domains.find((domain) => Object.hasOwn(DOMAINS, domain))
  return known === undefined ? null : (DOMAINS[known] ?? null)
}

interface IdForm {
  readonly pattern: RegExp
  /** What it may be called among the units, the first that one has; `$1` as in `replace`. */
  readonly names: readonly string[]
  readonly ids?: Assignment
}

/** `<uuid>::<replica>`: time-slicing and MPS of NVIDIA's plugin, and of Iluvatar's. */
const REPLICA: IdForm = { pattern: /^(.+)::\d+$/, names: ['$1'] }

const FORMS: Partial<Record<Vendor, readonly IdForm[]>> = {
  nvidia: [
    REPLICA,
    // HAMi and Volcano vGPU number the shares of a card, gpushare its GiB (`-_-3`); the card used
    // is in an annotation.
    { pattern: /^(GPU(?:-[0-9a-f]+){5})-(?:_-)?\d+$/i, names: ['$1'], ids: 'substituted' },
    // GKE's plugin names cards by device node, shares as `nvidia0/vgpu1`.
    { pattern: /^(nvidia\d+)\/vgpu\d+$/, names: ['$1'] },
    // DRA: by minor number; a MIG device is named by its place, so its whole card is taken.
    { pattern: /^gpu-(\d+)(?:-mig-.+)?$/, names: ['nvidia$1'] },
  ],
  ascend: [
    // `Ascend910-2c-100-3`: virtual device 100 on the chip of physical id 3.
    { pattern: /^Ascend\w+-\d+c[\w.]*-(\d+)-(\d+)$/, names: ['vdavinci$1', 'davinci$2'] },
    // `Ascend910-3`, `Ascend310P-VPro-3`; `Ascend310P-3-1` is share 1 of chip 3.
    { pattern: /^(?:Ascend\w+?|davinci-mini)(?:-V\w*)?-(\d+)(?:-\d+)?$/, names: ['davinci$1'] },
  ],
  cambricon: [
    // The library's UUID behind `MLU-`; tools print it with and without.
    { pattern: /^(?:MLU-)?(.+?)(?:-_-\d+)?$/i, names: ['MLU-$1', '$1'] },
    // An instance of MIM mode: card and instance, each `MLU-<uuid>`.
    { pattern: /^MLU-(.+?)-mim-MLU-(.+)$/i, names: ['MLU-$2', '$2', 'MLU-$1', '$1'] },
    {
      pattern: /^MLU-(.+?)-(?:vcore|vmemory)-\d+$/i,
      names: ['MLU-$1', '$1'],
      ids: 'substituted',
    },
  ],
  // HAMi's plugins for DCUs and AMD's GPUs.
  hygon: [{ pattern: /^(.+)-fake-\d+$/, names: ['$1'], ids: 'substituted' }],
  amd: [{ pattern: /^(.+)#\d+$/, names: ['$1'], ids: 'substituted' }],
  iluvatar: [REPLICA],
  // `/dev/biren/card_N`; with SVI every instance has a node of its own.
  biren: [{ pattern: /^(card_\d+)$/, names: ['biren/$1'] }],
  intel: [
    // `card0-1`: share 1 of the DRM card 0.
    { pattern: /^(card\d+)-\d+$/, names: ['dri/$1'] },
    // DRA: PCI address and device id, `0000-03-00-0-0x56a0`.
    { pattern: /^(\w{4})-(\w\w)-(\w\w)-(\d)-0x\w{4}$/, names: ['$1:$2:$3.$4'] },
  ],
}

export interface DeviceNames {
  readonly names: readonly string[]
  readonly ids: Assignment
}

/** What a device id may be called among the units of its vendor, the likeliest first. */
export function readingsOf(vendor: Vendor, id: string): DeviceNames[] {
  const forms = (FORMS[vendor] ?? []).filter(({ pattern }) => pattern.test(id))
  return [
    { names: [id], ids: 'exact' },
    ...forms.map(({ pattern, names, ids = 'exact' }) => ({
      names: names.map((name) => id.replace(pattern, name)),
      ids,
    })),
  ]
}
