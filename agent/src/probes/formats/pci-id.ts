/**
 * Vendor and device id of a PCI function in one spelling, `1e27:0006`: lower case, four digits each.
 * `null` where a part of it is not told, or has lost a digit.
 */

const WORD = /^(?:0x)?([0-9a-f]{4})$/i
const BOTH = /^(?:0x)?([0-9a-f]{4})([0-9a-f]{4})$/i

/** Printed apart: `0x1eed` and `0x15a3`. */
export function readPciId(
  vendor: string | null | undefined,
  device: string | null | undefined,
): string | null {
  const [one, other] = [vendor, device].map((text) => WORD.exec(text?.trim() ?? '')?.[1])
  return one === undefined || other === undefined ? null : `${one}:${other}`.toLowerCase()
}

/** In one word, the device first: `00061E27`, `0x36862057`. */
export function readJoinedPciId(printed: string | null | undefined): string | null {
  const [, device, vendor] = BOTH.exec(printed?.trim() ?? '') ?? []
  return device === undefined ? null : `${vendor}:${device}`.toLowerCase()
}
