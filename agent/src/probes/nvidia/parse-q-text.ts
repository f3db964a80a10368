/** `nvidia-smi -q` as text. */

import { unreadable } from '../card.ts'
import { normalisePciAddress } from '../formats/pci-address.ts'
import { isSmiLog, readSmiLog } from '../formats/smi-log.ts'
import { readCount, readWord } from '../formats/text.ts'
import { type NvidiaReading, nvidiaOutput } from './devices.ts'
import { deviceFromFields, Q_TEXT_PATHS } from './fields.ts'

/** `null`: no such text. */
export function parseNvidiaQText(lines: readonly string[]): NvidiaReading | null {
  if (!isSmiLog(lines, 'GPU', 'NVSMI LOG')) return null
  const log = readSmiLog(lines, 'GPU')
  if (log.cards.length === 0) return unreadable('The text has no section that starts with GPU.')
  const devices = log.cards.map(({ pci, lookup, processes }, index) => ({
    ...deviceFromFields({ index, paths: Q_TEXT_PATHS, lookup, unitsOptional: false }),
    pci,
    pci_bdf: normalisePciAddress(pci),
    processes,
  }))
  return nvidiaOutput(devices, readWord(log.lookup('Driver Version')), {
    attached_gpus_field: readCount(log.lookup('Attached GPUs')),
  })
}
