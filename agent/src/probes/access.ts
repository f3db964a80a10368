/**
 * What reading the cards of each vendor takes on a machine: kernel modules, device nodes, groups
 * that may open them, tools and the folders they and their libraries lie in. For `doctor`, for the
 * documentation and for the service unit; probes do not use it. Sources are the makers' public
 * guides and device plugins; an empty list says that nothing public names one.
 */
import type { Vendor } from '@yiben/shared'

export interface VendorAccess {
  readonly vendor: Vendor
  readonly maker: string
  /** Kernel modules, the present name first. */
  readonly modules: readonly string[]
  /** Under `/dev`; `*` stands for a number. */
  readonly deviceNodes: readonly string[]
  /** Groups by which the maker's packages let ordinary users read; empty: see the node's own. */
  readonly groups: readonly string[]
  readonly tools: readonly string[]
  /** Folders of tool and libraries off the usual paths. */
  readonly folders: readonly string[]
  /** What to run when a node of a loaded driver is missing. */
  readonly nodeFix: string
}

const UDEV = 'udevadm trigger && udevadm settle'

export const VENDOR_ACCESS: readonly VendorAccess[] = [
  {
    vendor: 'nvidia',
    maker: 'NVIDIA',
    modules: ['nvidia'],
    deviceNodes: ['nvidiactl', 'nvidia*'],
    groups: [],
    tools: ['nvidia-smi'],
    folders: ['/usr/local/nvidia/bin', '/usr/lib/wsl/lib'],
    nodeFix: 'nvidia-modprobe -c 0 -u',
  },
  {
    vendor: 'ascend',
    maker: 'Huawei Ascend',
    modules: ['drv_pcie_host', 'drv_davinci_intf_host'],
    deviceNodes: ['davinci_manager', 'devmm_svm', 'hisi_hdc', 'davinci*'],
    groups: ['HwHiAiUser'],
    tools: ['npu-smi'],
    folders: ['/usr/local/dcmi', '/usr/local/Ascend/driver'],
    nodeFix: UDEV,
  },
  {
    vendor: 'cambricon',
    maker: 'Cambricon',
    modules: [],
    deviceNodes: ['cambricon_ctl', 'cambricon_dev*', 'cambricon_ipcm*'],
    groups: [],
    tools: ['cnmon'],
    folders: ['/usr/local/neuware'],
    nodeFix: UDEV,
  },
  {
    vendor: 'hygon',
    maker: 'Hygon',
    modules: ['hycu', 'hydcu'],
    deviceNodes: ['kfd', 'mkfd', 'dri/renderD*'],
    groups: ['video', 'render'],
    tools: ['hy-smi', 'rocm-smi'],
    folders: ['/opt/hyhal', '/usr/local/hyhal', '/opt/dtk'],
    nodeFix: 'systemctl restart hymgr',
  },
  {
    vendor: 'moore-threads',
    maker: 'Moore Threads',
    modules: ['mtgpu'],
    deviceNodes: ['mtgpu.*', 'dri/renderD*'],
    groups: ['video', 'render'],
    tools: ['mthreads-gmi'],
    folders: [],
    nodeFix: UDEV,
  },
  {
    vendor: 'metax',
    maker: 'MetaX',
    modules: ['metax'],
    deviceNodes: ['mxcd', 'dri/renderD*'],
    groups: ['video', 'render'],
    tools: ['mx-smi', 'ht-smi'],
    folders: ['/opt/mxdriver', '/opt/maca'],
    nodeFix: UDEV,
  },
  {
    vendor: 'enflame',
    maker: 'Enflame',
    modules: [],
    deviceNodes: ['gcuctl', 'gcu*'],
    groups: [],
    tools: ['efsmi'],
    folders: ['/usr/local/efsmi'],
    nodeFix: UDEV,
  },
  {
    vendor: 'iluvatar',
    maker: 'Iluvatar CoreX',
    modules: [],
    deviceNodes: ['iluvatar*'],
    groups: [],
    tools: ['ixsmi'],
    folders: ['/usr/local/corex'],
    nodeFix: UDEV,
  },
  {
    vendor: 'kunlunxin',
    maker: 'Kunlunxin',
    modules: [],
    deviceNodes: ['xpuctrl', 'xpu*'],
    groups: [],
    tools: ['xpu-smi', 'xpu_smi'],
    folders: ['/usr/local/xpu'],
    nodeFix: UDEV,
  },
  {
    vendor: 'biren',
    maker: 'Biren',
    modules: [],
    deviceNodes: ['biren-m', 'biren/card_*'],
    groups: [],
    tools: ['brsmi'],
    folders: ['/opt/birentech', '/usr/local/birensupa'],
    nodeFix: UDEV,
  },
  {
    vendor: 'thead-ppu',
    maker: 'T-Head',
    modules: ['alixpu'],
    deviceNodes: ['alixpu', 'alixpu_ppu*'],
    groups: [],
    tools: ['ppu-smi'],
    folders: ['/usr/local/PPU_SDK'],
    nodeFix: UDEV,
  },
  {
    vendor: 'amd',
    maker: 'AMD',
    modules: ['amdgpu'],
    deviceNodes: ['kfd', 'dri/renderD*'],
    groups: ['video', 'render'],
    tools: ['amd-smi', 'rocm-smi'],
    folders: ['/opt/rocm'],
    nodeFix: UDEV,
  },
  {
    vendor: 'intel',
    maker: 'Intel',
    modules: ['xe', 'i915'],
    deviceNodes: ['dri/card*', 'dri/renderD*'],
    groups: ['video', 'render'],
    tools: ['xpu-smi'],
    folders: [],
    nodeFix: UDEV,
  },
  {
    vendor: 'denglin',
    maker: 'Denglin',
    modules: [],
    deviceNodes: [],
    groups: [],
    tools: ['dlsmi'],
    folders: [],
    nodeFix: UDEV,
  },
  {
    vendor: 'vastai',
    maker: 'Vastai',
    modules: [],
    deviceNodes: [],
    groups: [],
    tools: ['vasmi'],
    folders: [],
    nodeFix: UDEV,
  },
  {
    vendor: 'xdx',
    maker: 'XDX',
    modules: [],
    deviceNodes: ['dri/renderD*'],
    groups: ['video', 'render'],
    tools: ['xdxsmi'],
    folders: [],
    nodeFix: UDEV,
  },
]

export function accessOf(vendor: string): VendorAccess | null {
  return VENDOR_ACCESS.find((access) => access.vendor === vendor) ?? null
}
