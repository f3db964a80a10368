/**
 * Serials that several devices of one output print: they are those of the board or card whose dies
 * or functions the devices are, and name none of them.
 */

export interface SharedSerial {
  readonly shares_serial?: true
}

export function markSharedSerials<Device extends { readonly serial: string | null }>(
  devices: readonly Device[],
): (Device & SharedSerial)[] {
  const bearers = new Map<string, number>()
  for (const { serial } of devices) {
    if (serial !== null) bearers.set(serial, (bearers.get(serial) ?? 0) + 1)
  }
  return devices.map((device) =>
    device.serial !== null && (bearers.get(device.serial) ?? 0) > 1
      ? { ...device, shares_serial: true }
      : device,
  )
}

/** The serial, where it names this device alone. */
export function ownSerial(
  device: { readonly serial: string | null } & SharedSerial,
): string | null {
  return device.shares_serial === true ? null : device.serial
}
