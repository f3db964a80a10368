/**
 * Opens what lies on a disk. While that is full it waits for space instead of failing, so that
 * whoever restarts a program does not restart it for ever; it says so once.
 */
import { errorCode, errorSentence } from './errors.ts'
import type { Logger } from './log.ts'
import { type Clock, sleep } from './world.ts'

const LOOK_EVERY_MS = 2_000

export interface SpaceOptions<Opened> {
  /** Throws `disk_full` while there is no space, with nothing left open. */
  readonly open: () => Opened | Promise<Opened>
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

/** `null`: told to stop before there was space. Other failures are thrown. */
export async function openWithSpace<Opened>(options: SpaceOptions<Opened>): Promise<Opened | null> {
  const { open, clock, log, signal } = options
  for (let isTold = false; !signal.aborted; isTold = true) {
    try {
      const opened = await open()
      if (isTold) log.info({}, 'the disk has space again: starting')
      return opened
    } catch (error) {
      if (errorCode(error) !== 'disk_full') throw error
      const fields = { reason: errorSentence(error), lookEveryMs: LOOK_EVERY_MS }
      if (!isTold) log.error(fields, 'the disk is full: waiting for space to start')
    }
    await sleep(clock, LOOK_EVERY_MS, signal).catch(() => {})
  }
  return null
}
