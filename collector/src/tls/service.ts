/** Looks, in rounds, at what is ordered of nodes and at what TLS shows, and tells nodes what is new. */
import { type Clock, errorSentence, type Logger, Rounds, type Service } from '@yiben/shared'
import type { TlsKeeper } from './keeper.ts'
import type { KeyDesk } from './key-desk.ts'

export function tlsService(parts: {
  /** `null`: nothing is shown. */
  readonly keeper: TlsKeeper | null
  readonly desk: KeyDesk
  readonly clock: Clock
  readonly log: Logger
  readonly lookMs: number
  /** Has `run` called when somebody asks for a look at once. */
  readonly onLook: (run: () => void) => void
}): Service {
  const { clock, desk, keeper, log } = parts
  if (keeper !== null) desk.tell(keeper.told)
  const rounds = new Rounds({
    clock,
    intervalMs: parts.lookMs,
    round: async () => {
      await desk.round()
      const isNew = await keeper?.look((version) => desk.waitedFor(version))
      if (keeper !== null && isNew === true) desk.tell(keeper.told)
      return false
    },
    onFailure: (error) =>
      log.warn({ code: error.code, reason: errorSentence(error) }, 'orders to nodes must wait'),
  })
  parts.onLook(() => rounds.wake())
  return { id: 'tls', run: () => rounds.run(), stop: () => rounds.stop() }
}
