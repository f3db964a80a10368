/**
 * Every vendor this agent can read. Adding one is one line here and one file (or folder) beside. A
 * vendor's code is loaded only on a machine that shows a sign of it: its tool, a file of its driver
 * or a library named in the configuration; the others cost nothing.
 */
import { LazyProbe, type VendorSigns } from './lazy-probe.ts'
import type { ParsedOutput, VendorEntry, VendorModule } from './probe.ts'

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
    load: async () => (await import('./ascend/probe.ts')).ascend,
  },
]

/** A vendor as the registry lists it. */
export interface RegisteredVendor extends VendorEntry {
  readonly parse: (text: string, command: string | null) => Promise<ParsedOutput>
}

export const VENDOR_ENTRIES: readonly RegisteredVendor[] = VENDORS.map((row) => ({
  vendor: row.vendor,
  create: (context) => new LazyProbe(row, row.load, context),
  parse: async (text, command) => (await row.load()).parse(text, command),
}))

export function vendorEntry(vendor: string): RegisteredVendor | null {
  return VENDOR_ENTRIES.find((entry) => entry.vendor === vendor) ?? null
}
