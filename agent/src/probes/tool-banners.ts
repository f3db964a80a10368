/**
 * Whose tool printed a text, by what the tool says of itself. Names of tools collide and are
 * shimmed (an image may carry one maker's cards and another maker's tool), banners do not. Only
 * what real outputs show is listed; a text without a banner is nobody's.
 */
import type { Vendor } from '@yiben/shared'

interface Banner {
  /** `null`: a maker whose cards this agent does not read. */
  readonly vendor: Vendor | null
  readonly maker: string
  readonly pattern: RegExp
}

const BANNERS: readonly Banner[] = [
  {
    vendor: 'nvidia',
    maker: 'NVIDIA',
    pattern: /\bNVIDIA-SMI (?:version\s*: )?\d|NVSMI LOG|<nvidia_smi_log>/,
  },
  { vendor: 'ascend', maker: 'Huawei Ascend', pattern: /\bnpu-smi\s+v?\d\S*\s+Version:/ },
  { vendor: 'cambricon', maker: 'Cambricon', pattern: /\bCNMON v\d/ },
  { vendor: 'moore-threads', maker: 'Moore Threads', pattern: /\bmthreads-gmi:\d/ },
  { vendor: 'metax', maker: 'MetaX', pattern: /\b(?:mx|ht)-smi\s+version:|\b(?:MX|HT)-SMI \d/ },
  // Its tool has the name of MetaX's.
  { vendor: null, maker: 'Moffett', pattern: /\bMOFFETT-SMI\b/ },
  { vendor: 'enflame', maker: 'Enflame', pattern: /\bEFSMI(?:\s+V|: )\d/ },
  { vendor: 'iluvatar', maker: 'Iluvatar CoreX', pattern: /<ixsmi_log>|\bIX-ML: \d/ },
  {
    vendor: 'kunlunxin',
    maker: 'Kunlunxin',
    pattern: /XPUSMI LOG|<xpu_smi_log>|\bXPU-RT Version: \d/,
  },
  { vendor: 'intel', maker: 'Intel', pattern: /\bIntel XPU-SMI v?\d/ },
  { vendor: 'biren', maker: 'Biren', pattern: /\bBR-SMI \d/ },
  { vendor: 'thead-ppu', maker: 'T-Head', pattern: /\bPPU-SMI \d/ },
  { vendor: 'amd', maker: 'AMD', pattern: /\bAMD-SMI \d/ },
  { vendor: 'denglin', maker: 'Denglin', pattern: /<dlsmi_log>/ },
  { vendor: 'xdx', maker: 'XDX', pattern: /XDXSMI LOG/ },
]

/** The maker whose tool says that it printed this, if that is not `vendor`. */
export function foreignMaker(text: string, vendor: Vendor): string | null {
  const found = BANNERS.filter(({ pattern }) => pattern.test(text))
  if (found.some((banner) => banner.vendor === vendor)) return null
  return found[0]?.maker ?? null
}
