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
