/**
 * Tells systemd how agent or collector fare (sd_notify(3)): ready, alive, stopping. Node has no Unix
 * datagram sockets, so libc's `sendto` is called through koffi, which is loaded only where systemd
 * asked to be told. A notice that cannot be sent is not an error of the program: systemd notices
 * that it was not told.
 */
import { errorSentence } from './errors.ts'
import type { Logger } from './log.ts'
import type { Clock, Timer } from './world.ts'

const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 0x80002
const MSG_NOSIGNAL = 0x4000
/** systemd asks for half of the interval at least; one more may be late. */
const SIGNS_PER_WATCHDOG = 3
/** A start that goes on says so this often, and asks for three times as much. */
const STARTING_EVERY_MS = 20_000
/** `sun_path` of Linux. */
const PATH_BYTES_MAX = 108

export interface Notifier {
  /** Newline-separated assignments, `READY=1`; `false` where it could not be sent. */
  notify(state: string): boolean
  close(): void
}

/** What systemd asks of a service; there is none where it wants no word. */
export interface NotifyRequest {
  readonly socketPath: string
  /** The service is killed when it has not said `WATCHDOG=1` for so long; `null`: never. */
  readonly watchdogMs: number | null
}

/** Says `READY=1` and then, while the process turns, `WATCHDOG=1` at a third of the interval. */
export class ServiceManager {
  readonly #request: NotifyRequest
  readonly #notifier: Notifier
  readonly #clock: Clock
  #timer: Timer | null = null
  #isStopping = false

  private constructor(request: NotifyRequest, notifier: Notifier, clock: Clock) {
    this.#request = request
    this.#notifier = notifier
    this.#clock = clock
  }

  /** `null` where systemd has not asked, or cannot be told. */
  static async open(
    request: NotifyRequest | null,
    { clock, log }: { readonly clock: Clock; readonly log: Logger },
  ): Promise<ServiceManager | null> {
    if (request === null) return null
    const notifier = await openNotifier(request.socketPath, log)
    return notifier === null ? null : new ServiceManager(request, notifier, clock)
  }

  /** Until `work` is done the start may take longer than the unit allows: it goes on. */
  async starting<Result>(status: string, work: () => Promise<Result>): Promise<Result> {
    this.#goesOn(status)
    try {
      return await work()
    } finally {
      this.#timer?.cancel()
      this.#timer = null
    }
  }

  ready(status: string): void {
    if (this.#isStopping) return
    this.#notifier.notify(`READY=1\nSTATUS=${status}`)
    this.#alive()
  }

  /** Nothing is said after it. */
  stopping(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#timer?.cancel()
    this.#timer = null
    this.#notifier.notify('STOPPING=1')
    this.#notifier.close()
  }

  #goesOn(status: string): void {
    if (this.#isStopping) return
    const microseconds = STARTING_EVERY_MS * 3 * 1_000
    this.#notifier.notify(`EXTEND_TIMEOUT_USEC=${microseconds}\nSTATUS=${status}`)
    this.#timer = this.#clock.after(STARTING_EVERY_MS, () => this.#goesOn(status))
  }

  #alive(): void {
    const { watchdogMs } = this.#request
    if (watchdogMs === null) return
    this.#notifier.notify('WATCHDOG=1')
    this.#timer = this.#clock.after(watchdogMs / SIGNS_PER_WATCHDOG, () => this.#alive())
  }
}

/** A watchdog that is set for another process is none of ours. */
export function notifyRequestOf(
  environment: Readonly<Record<string, string | undefined>>,
  processId: number,
): NotifyRequest | null {
  const {
    NOTIFY_SOCKET: socketPath,
    WATCHDOG_PID: watched,
    WATCHDOG_USEC: microseconds,
  } = environment
  if (socketPath === undefined || !/^[/@]/.test(socketPath)) return null
  const isWatched = watched === undefined || watched === String(processId)
  const isNumber = microseconds !== undefined && /^[1-9]\d{0,15}$/.test(microseconds)
  const watchdogMs = isWatched && isNumber ? Number(microseconds) / 1_000 : null
  return { socketPath, watchdogMs }
}

export async function openNotifier(socketPath: string, log: Logger): Promise<Notifier | null> {
  const address = addressOf(socketPath)
  if (address === null) return null
  try {
    const { load } = (await import('koffi')).default
    const libc = load('libc.so.6')
    const socket = libc.func('int socket(int domain, int type, int protocol)')
    const close = libc.func('int close(int descriptor)')
    const sendto = libc.func(
      'intptr_t sendto(int descriptor, const void *bytes, size_t length, int flags, const void *address, uint32_t addressLength)',
    )
    const descriptor: number = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0)
    if (descriptor < 0) return null
    return {
      notify: (state) => {
        const bytes = Buffer.from(state, 'utf8')
        const sent: number = sendto(
          descriptor,
          bytes,
          bytes.length,
          MSG_NOSIGNAL,
          address,
          address.length,
        )
        return sent === bytes.length
      },
      close: () => {
        close(descriptor)
      },
    }
  } catch (error) {
    log.warn({ reason: errorSentence(error) }, 'systemd cannot be told how this service fares')
    return null
  }
}

/** `struct sockaddr_un`; a path that begins with `@` is an abstract one. */
function addressOf(socketPath: string): Buffer | null {
  const path = Buffer.from(socketPath, 'utf8')
  if (path.length >= PATH_BYTES_MAX) return null
  if (path[0] === 0x40) path[0] = 0
  const family = Buffer.alloc(2)
  // In the machine's order: every machine there is a package for is little-endian.
  family.writeUInt16LE(AF_UNIX)
  return Buffer.concat([family, path])
}
