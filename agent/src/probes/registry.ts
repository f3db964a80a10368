/**
 * Every vendor this agent can read. Adding one is one line here and one file (or folder) beside. A
 * vendor's code is loaded only on a machine that shows a sign of it: its tool, a file of its driver
 * or a library named in the configuration; the others cost nothing.
 */
import { LazyProbe, type VendorSigns } from './lazy-probe.ts'
import type { OfferedSignals, ParsedOutput, VendorEntry, VendorModule } from './probe.ts'

interface VendorRow extends VendorSigns {
  readonly load: () => Promise<VendorModule>
}

const VENDORS: readonly VendorRow[] = [
  {
    vendor: 'nvidia',
    tools: ['nvidia-smi'],
    // The last one is that of WSL.
    files: ['proc/driver/nvidia/version', 'dev/nvidiactl', 'dev/dxg'],
    isNamed: ({ nvmlLibrary }) => nvmlLibrary !== null,
    load: async () => (await import('./nvidia/probe.ts')).nvidia,
  },
  {
    vendor: 'ascend',
    tools: ['npu-smi'],
    load: async () => (await import('./ascend/vendor.ts')).ascend,
  },
  {
    vendor: 'moore-threads',
    tools: ['mthreads-gmi'],
    load: async () => (await import('./moore-threads/vendor.ts')).mooreThreads,
  },
  {
    vendor: 'metax',
    // The second one is the same tool under another brand.
    tools: ['mx-smi', 'ht-smi'],
    load: async () => (await import('./metax/vendor.ts')).metax,
  },
  {
    vendor: 'enflame',
    tools: ['efsmi'],
    load: async () => (await import('./enflame/vendor.ts')).enflame,
  },
  {
    vendor: 'iluvatar',
    tools: ['ixsmi'],
    load: async () => (await import('./iluvatar/vendor.ts')).iluvatar,
  },
  {
    vendor: 'cambricon',
    tools: ['cnmon'],
    load: async () => (await import('./cambricon/vendor.ts')).cambricon,
  },
  {
    vendor: 'biren',
    tools: ['brsmi'],
    load: async () => (await import('./biren/vendor.ts')).biren,
  },
  {
    vendor: 'denglin',
    tools: ['dlsmi'],
    load: async () => (await import('./denglin.ts')).denglin,
  },
  {
    vendor: 'vastai',
    tools: ['vasmi'],
    load: async () => (await import('./vastai/vendor.ts')).vastai,
  },
  {
    vendor: 'xdx',
    tools: ['xdxsmi'],
    load: async () => (await import('./xdx.ts')).xdx,
  },
  {
    vendor: 'kunlunxin',
    // The first name is also that of Intel's tool.
    tools: ['xpu-smi', 'xpu_smi'],
    load: async () => (await import('./kunlunxin/vendor.ts')).kunlunxin,
  },
  {
    vendor: 'thead-ppu',
    tools: ['ppu-smi'],
    load: async () => (await import('./thead-ppu/vendor.ts')).theadPpu,
  },
  {
    vendor: 'intel',
    tools: ['xpu-smi'],
    load: async () => (await import('./intel/vendor.ts')).intel,
  },
  {
    vendor: 'hygon',
    // The second one is the tool of older stacks; AMD's has the same name.
    tools: ['hy-smi', 'rocm-smi'],
    load: async () => (await import('./hygon/vendor.ts')).hygon,
  },
  {
    vendor: 'amd',
    tools: ['amd-smi', 'rocm-smi'],
    // Read without any tool where its driver is loaded.
    files: ['sys/module/amdgpu'],
    load: async () => (await import('./amd/probe.ts')).amd,
  },
]

/** A vendor as the registry lists it. */
export interface RegisteredVendor extends VendorEntry {
  readonly parse: (text: string, command: string | null) => Promise<ParsedOutput>
  readonly offers: (text: string, command: string | null) => Promise<OfferedSignals | null>
}

export const VENDOR_ENTRIES: readonly RegisteredVendor[] = VENDORS.map((row) => ({
  vendor: row.vendor,
  create: (context) => new LazyProbe(row, row.load, context),
  parse: async (text, command) => (await row.load()).parse(text, command),
  offers: async (text, command) => (await row.load()).offers(text, command),
}))

export function vendorEntry(vendor: string): RegisteredVendor | null {
  return VENDOR_ENTRIES.find((entry) => entry.vendor === vendor) ?? null
}
