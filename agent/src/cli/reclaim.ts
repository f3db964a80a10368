/**
 * `yiben-agent reclaim [ACCELERATOR…] [--notice 2min]`: the owner takes cards back, now or, where they
 * are lent, when the notice is over; without a name all.
 */
import { AppError } from '@yiben/shared'
import { parseDuration } from '../config/quantities.ts'
import { cards, giveOrder, type OrderOptions } from './order.ts'
import type { CommandResult } from './parse.ts'

const NOTICE_RANGE = { min: '1s', max: '24h' } as const

export interface ReclaimOptions extends OrderOptions {
  readonly names: readonly string[]
  /** As typed (`2min`); `null`: leases end now. */
  readonly notice: string | null
}

export async function runReclaim(options: ReclaimOptions): Promise<CommandResult> {
  const { names, notice } = options
  const noticeMs = notice === null ? 0 : durationMs(notice)
  return giveOrder(
    options,
    { command: 'reclaim', names: [...names], noticeMs },
    (units, leasesEnded) =>
      [
        `Taken back: ${cards(units)}. Nothing of them is deposited until \`offer\`.`,
        ...leaseSentence(leasesEnded, notice),
      ].join(' '),
  )
}

function leaseSentence(leasesEnded: number, notice: string | null): string[] {
  if (leasesEnded === 0) return []
  const lent = leasesEnded === 1 ? '1 of them is lent' : `${leasesEnded} of them are lent`
  if (notice !== null) return [`${lent}: that ends in ${notice}, and the bank is told now.`]
  const wasLent = leasesEnded === 1 ? '1 of them was lent' : `${leasesEnded} of them were lent`
  return [`${wasLent}: that has ended, and what still runs there is not stopped.`]
}

function durationMs(text: string): number {
  const parsed = parseDuration(text, NOTICE_RANGE)
  if (parsed.status === 'ok') return Math.round(parsed.value)
  throw new AppError('usage_invalid', `--notice ${parsed.reason}`)
}
