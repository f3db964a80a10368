/**
 * `yiben-agent pause [--for 2h]` and `resume`: lets go of every driver handle, so that a driver can
 * be upgraded or a card be taken out, and takes hold again.
 */
import { AppError } from '@yiben/shared'
import { parseDuration } from '../config/quantities.ts'
import { giveOrder, type OrderOptions } from './order.ts'
import type { CommandResult } from './parse.ts'

const PAUSE_RANGE = { min: '1s', max: '30d' } as const

/** `duration` as typed (`2h`); `null`: until `resume`. */
export async function runPause(
  options: OrderOptions & { readonly duration: string | null },
): Promise<CommandResult> {
  const forMs = options.duration === null ? null : durationMs(options.duration)
  const until = options.duration === null ? 'until `resume`' : `for ${options.duration}`
  return giveOrder(
    options,
    { command: 'pause', forMs },
    () =>
      `Paused ${until}: every driver handle is closed, the time is booked as unknown(paused). ` +
      'Leases go on: `reclaim` ends them.',
  )
}

export function runResume(options: OrderOptions): Promise<CommandResult> {
  return giveOrder(options, { command: 'resume' }, () => 'Sampling again.')
}

function durationMs(text: string): number {
  const parsed = parseDuration(text, PAUSE_RANGE)
  if (parsed.status === 'ok') return Math.round(parsed.value)
  throw new AppError('usage_invalid', `--for ${parsed.reason}`)
}
