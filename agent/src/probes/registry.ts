/** Every vendor this agent can read. Adding one is one line here and one file (or folder) beside. */
import { parseAscend } from './ascend/parse.ts'
import { AscendProbe } from './ascend/probe.ts'
import { parseNvidia } from './nvidia/parse.ts'
import { NvidiaProbe } from './nvidia/probe.ts'
import type { VendorEntry } from './probe.ts'

export const VENDOR_ENTRIES: readonly VendorEntry[] = [
  { vendor: 'nvidia', create: (context) => new NvidiaProbe(context), parse: parseNvidia },
  { vendor: 'ascend', create: (context) => new AscendProbe(context), parse: parseAscend },
]

export function vendorEntry(vendor: string): VendorEntry | null {
  return VENDOR_ENTRIES.find((entry) => entry.vendor === vendor) ?? null
}
