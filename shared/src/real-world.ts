/**
 * The real world: the operating system's clocks, timers, randomness and network. The only file that
 * asks for them. Monotonic time is CLOCK_MONOTONIC, which stands still while the machine sleeps: a
 * suspend is seen as a jump of the wall clock against it.
 */
import { randomBytes } from 'node:crypto'
import { dial } from './link/dial.ts'
import type { Clock, Random, Timer, World } from './world.ts'

/** `setTimeout` fires at once for anything longer: 2^31 - 1 ms, some 24 days. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1
const FRACTION_BYTES = 6
const FRACTION_RANGE = 2 ** (8 * FRACTION_BYTES)

const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / 1_000_000n),
  after: (delayMs, run) => startTimer(delayMs, run),
}

const random: Random = {
  fraction: () => randomBytes(FRACTION_BYTES).readUIntBE(0, FRACTION_BYTES) / FRACTION_RANGE,
  bytes: (length) => new Uint8Array(randomBytes(length)),
}

/** Timers do not keep the process alive: what runs is held by its sockets and children. */
export function createRealWorld(): World {
  return { clock, random, network: { dial } }
}

function startTimer(delayMs: number, run: () => void): Timer {
  const untilMs = clock.monotonicMs() + delayMs
  let timeout: NodeJS.Timeout
  const arm = (leftMs: number) => {
    timeout = setTimeout(
      () => {
        const stillMs = untilMs - clock.monotonicMs()
        // A long one is armed in pieces, and any may fire a little early.
        if (stillMs > 0) arm(stillMs)
        else run()
      },
      Math.min(Math.max(0, Math.ceil(leftMs)), TIMEOUT_MS_MAX),
    )
    timeout.unref()
  }
  arm(delayMs)
  return { cancel: () => clearTimeout(timeout) }
}
