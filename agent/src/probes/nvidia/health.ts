/** Health of a card out of everything the tool told about it: the gravest cause wins. */
import type { FaultyCause, HealthReading } from '@yiben/shared'
import type { NvidiaDevice } from './devices.ts'
import { healthCauseOfWord } from './error-texts.ts'
import { FATAL_XIDS } from './nvml-tables.ts'

/** Words of `gpu_recovery_action` after which the card must not be given away. */
const RECOVERY_NEEDS_RESET = /^(?:gpu )?(?:reset|node reboot|reboot|drain and reset)$/i

export function healthOf(device: NvidiaDevice): HealthReading {
  for (const word of device.health_words ?? []) {
    const cause = healthCauseOfWord(word)
    if (cause !== null) return unwell(cause, word)
  }
  const fatal = (device.xids ?? []).find((xid) => FATAL_XIDS.has(xid))
  if (fatal !== undefined) return unwell(FATAL_XIDS.get(fatal) ?? 'fatal_error', `Xid ${fatal}`)
  if (device.reset_required === true) return unwell('reset_required', 'reset required')
  const action = device.recovery_action ?? ''
  if (RECOVERY_NEEDS_RESET.test(action)) return unwell('reset_required', `recovery: ${action}`)
  const errors = device.ecc_uncorrected_volatile ?? 0
  if (errors > 0) return unwell('ecc', `${errors} uncorrected ECC errors`)
  if (device.remapped_rows_failure === true) return unwell('ecc', 'row remapping failed')
  if (device.remapped_rows_pending === true) {
    return unwell('reset_required', 'row remapping or page retirement pending')
  }
  if (/^drain/i.test(action)) return { status: 'warning', cause: null, detail: action }
  return { status: tellsHealth(device) ? 'ok' : 'unknown', cause: null, detail: null }
}

/** Whether the tool says anything about the health of this card at all. */
export function tellsHealth(device: NvidiaDevice): boolean {
  const told = [
    device.ecc_uncorrected_volatile,
    device.remapped_rows_failure,
    device.remapped_rows_pending,
    device.reset_required,
  ]
  const action = device.recovery_action
  return (
    told.some((value) => value !== null && value !== undefined) ||
    /^none$/i.test(action ?? '') ||
    device.xids !== undefined
  )
}

function unwell(cause: FaultyCause, detail: string): HealthReading {
  return { status: 'failed', cause, detail }
}
