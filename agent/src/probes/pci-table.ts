/**
 * Which PCI functions are accelerators: by the maker's row of `pci-vendors.ts` and the class of the
 * function, because makers of accelerators make network cards, disks and displays too.
 */
import { PCI_VENDORS, type PciVendorRow } from './pci-vendors.ts'

/** VGA, 3D, other display, co-processor, processing accelerator. */
export const ACCELERATOR_CLASSES = ['0300', '0302', '0380', '0b40', '1200'] as const
/** Base classes that are never one: storage, network, bridges (NVSwitch too), input, serial bus. */
const NEVER_BASE_CLASSES = ['01', '02', '06', '07', '08', '09', '0a', '0c', '0d'] as const
/** Audio functions of graphics cards. */
const AUDIO_CLASS = '0403'

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
