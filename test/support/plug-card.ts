/** Cards, drivers and device nodes in a folder that stands in for a machine. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface PluggedCard {
  readonly address: string
  /** Vendor, device and class, hex: `['10de', '2335', '030200']`. */
  readonly ids: readonly [vendor: string, device: string, classCode: string]
  /** Kernel driver bound to it; `null` for none. */
  readonly driver: string | null
}

/** Puts a function on the PCI bus of the machine under `root`. */
export function plugCard(root: string, { address, ids, driver }: PluggedCard): void {
  const folder = join(root, 'sys/bus/pci/devices', address)
  mkdirSync(folder, { recursive: true })
  for (const [at, name] of ['vendor', 'device', 'class'].entries()) {
    writeFileSync(join(folder, name), `0x${ids[at]}\n`)
  }
  if (driver !== null) symlinkSync(`../../drivers/${driver}`, join(folder, 'driver'))
}

/** A file of the machine under `root`, its folders included. */
export function putFile(root: string, path: string, text = '', mode = 0o644): void {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text, { mode })
}
