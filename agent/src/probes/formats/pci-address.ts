/**
 * PCI addresses in the one spelling this program compares: lower case, with a domain of at least
 * four hex digits (`0000:0c:00.0`). Azure shows non-zero 32-bit domains, so longer ones stay.
 */

const ADDRESS = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])$/

/** `null` for what is not an address (`NA` on SoC boards, `000:BA:80.0` of a lost card has one). */
export function normalisePciAddress(printed: string | null): string | null {
  const match = ADDRESS.exec((printed ?? '').trim().toLowerCase())
  if (match === null) return null
  const [, domain = '', bus = '', device = '', fn = ''] = match
  const shortDomain = domain.replace(/^0+/, '').padStart(4, '0')
  return `${shortDomain}:${bus.padStart(2, '0')}:${device.padStart(2, '0')}.${fn}`
}

/** Of domain, bus, device and function on lines of their own; `null` where one is no hex number. */
export function pciAddressOfParts(parts: readonly (string | null | undefined)[]): string | null {
  const digits = parts.map((part) => /^(?:0x)?([0-9a-f]{1,8})$/i.exec(part?.trim() ?? '')?.[1])
  const [domain, bus, device, fn] = digits
  return digits.includes(undefined) ? null : `${domain}:${bus}:${device}.${fn}`
}
